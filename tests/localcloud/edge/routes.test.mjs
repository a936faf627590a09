import assert from "node:assert/strict";
import { test } from "node:test";

import { PatternError, match, parse, table } from "../../../localcloud/edge/routes.mjs";

const route = (pattern, script = pattern, zone = "example.com") => ({ id: pattern, zone, pattern, script });
const never = (error) => assert.fail(error.message);

/** The pattern that wins for an address. */
function winner(patterns, address, zone) {
  const [, scheme, host, target] = /^(https?):\/\/([^/]+)(\/.*)$/.exec(address);
  const rules = table(patterns.map((pattern) => route(pattern, pattern, zone)), never);
  return match(rules, { scheme, host, target })?.route.pattern;
}

function each(rows) {
  for (const [patterns, address, expected, zone] of rows) {
    assert.equal(winner([patterns].flat(), address, zone), expected, `${patterns} for ${address}`);
    assert.equal(winner([patterns].flat().reverse(), address, zone), expected, `${patterns} reversed for ${address}`);
  }
}

test("a pattern that Cloudflare refuses is refused", () => {
  for (const pattern of ["example.com/*.jpg", "example.com/?a=*", "a.*.com/", "exam*ple.com/*", "/path", "", "https://"]) {
    assert.throws(() => parse(route(pattern)), PatternError, pattern);
  }
});

test("a refused pattern does not keep the others from working", () => {
  const refused = [];
  const rules = table([route("example.com/*.jpg"), route("example.com/*")], (error) => refused.push(error.message));
  assert.equal(rules.length, 1);
  assert.match(refused[0], /example\.com\/\*\.jpg/);
});

test("a pattern without a path stands for the root alone", () => {
  each([
    ["example.com", "http://example.com/", "example.com"],
    ["example.com", "https://example.com/", "example.com"],
    ["example.com", "http://example.com/a", undefined],
    ["example.com", "http://example.com/?a=1", undefined],
  ]);
});

test("a scheme in the pattern matches that scheme only", () => {
  each([
    ["https://*.example.com/", "https://www.example.com/", "https://*.example.com/"],
    ["https://*.example.com/", "http://www.example.com/", undefined],
    ["*.example.com/", "http://www.example.com/", "*.example.com/"],
    [["https://example.com/*", "example.com/*"], "https://example.com/a", "https://example.com/*"],
    [["https://example.com/*", "example.com/*"], "http://example.com/a", "example.com/*"],
  ]);
});

test("a wildcard before the host takes subhosts and, without a dot, the host itself", () => {
  each([
    ["*example.com/", "http://example.com/", "*example.com/"],
    ["*example.com/", "http://www.example.com/", "*example.com/"],
    ["*.example.com/", "http://www.example.com/", "*.example.com/"],
    ["*.example.com/", "http://a.b.example.com/", "*.example.com/"],
    ["*.example.com/", "http://example.com/", undefined],
    ["*-preview.example.com/", "http://pr1-preview.example.com/", "*-preview.example.com/"],
    ["*/*", "http://example.com/a", "*/*"],
  ]);
});

test("a wildcard never leaves its zone", () => {
  each([
    ["*example.com/", "http://notexample.com/", undefined],
    ["*example.com/", "http://notexample.com/", undefined, ""],
    ["*example.com/", "http://a.example.com/", "*example.com/", ""],
    ["*/*", "http://example.org/a", undefined],
  ]);
});

test("a wildcard after the path takes every suffix, the query too", () => {
  each([
    ["example.com/path*", "http://example.com/path", "example.com/path*"],
    ["example.com/path*", "http://example.com/path2", "example.com/path*"],
    ["example.com/path*", "http://example.com/path/readme.txt", "example.com/path*"],
    ["example.com/path*", "http://example.com/path?a=b", "example.com/path*"],
    ["example.com/path", "http://example.com/path?a=b", undefined],
    ["example.com/path/*", "http://example.com/path", undefined],
  ]);
});

test("the path's case counts and the host's does not", () => {
  each([
    ["EXAMPLE.com/Images/*", "http://example.com/Images/a", "EXAMPLE.com/Images/*"],
    ["example.com/Images/*", "http://example.com/images/a", undefined],
  ]);
});

test("the most specific pattern wins in any order", () => {
  each([
    [["www.example.com/*", "*.example.com/*"], "http://www.example.com/", "www.example.com/*"],
    [["example.com/hello/*", "example.com/*"], "http://example.com/hello/world", "example.com/hello/*"],
    [["*.example.com/*", "*example.com/*"], "http://a.example.com/", "*.example.com/*"],
    [["*.b.example.com/*", "*.example.com/*"], "http://a.b.example.com/", "*.b.example.com/*"],
    [["example.com/a", "example.com/a*"], "http://example.com/a", "example.com/a"],
  ]);
});

test("the known issues of Cloudflare are kept", () => {
  const images = ["example.com/images/*", "example.com/images*"];
  each([
    [images, "http://example.com/images", "example.com/images*"],
    [images, "http://example.com/images123", "example.com/images*"],
    [images, "http://example.com/images/hello", "example.com/images*"],
    [["*.example.com/a", "a.example.com/*"], "http://a.example.com/a", "a.example.com/*"],
  ]);
});

test("a route without a script takes its addresses from less specific ones", () => {
  const rules = table([route("*example.com/images/cat.png", null), route("*example.com/images/*", "pictures")], never);
  const script = (target) => match(rules, { scheme: "http", host: "example.com", target })?.route.script;
  assert.equal(script("/images/cat.png"), null);
  assert.equal(script("/images/cat.png?foo=bar"), "pictures");
  assert.equal(script("/other"), undefined);
});

test("of any patterns the winner matches and none that matches alone is ahead of it", () => {
  let seed = 7;
  const pick = (list) => list[(seed = (seed * 48271) % 2147483647) % list.length];
  const hosts = ["example.com", "a.example.com", "b.a.example.com"];
  const paths = ["/", "/a", "/a/", "/a/b", "/ab", "/a?q"];
  for (let round = 0; round < 3000; round += 1) {
    const patterns = Array.from({ length: 1 + (round % 5) }, () => {
      const host = pick(["", "*", "*."]) + pick(hosts);
      return `${pick(["", "http://", "https://"])}${host}${pick(paths).replace("?q", "")}${pick(["", "*"])}`;
    });
    const address = `${pick(["http", "https"])}://${pick(hosts)}${pick(paths)}`;
    const won = winner(patterns, address);
    const alone = patterns.filter((pattern) => winner([pattern], address) === pattern);
    assert.equal(won === undefined, alone.length === 0, `${patterns} for ${address}`);
    if (won === undefined) continue;
    assert.ok(alone.includes(won));
    assert.equal(winner([...patterns].reverse(), address), won, "whatever the order");
    const exact = alone.filter((pattern) => !/^(https?:\/\/)?\*/.test(pattern));
    if (exact.length > 0) assert.ok(exact.includes(won), "a host without a wildcard is ahead");
  }
});
