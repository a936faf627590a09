import assert from "node:assert/strict";
import { test } from "node:test";

import { withoutValues } from "../../../localcloud/edge/log.mjs";
import { redaction } from "../../../localcloud/edge/version.mjs";

test("no value of a query is logged", () => {
  assert.equal(withoutValues("/a/b?token=secret&x=&flag&=odd&a=b=c"), "/a/b?token=*&x=*&*&=*&a=*");
  assert.equal(withoutValues("/a?b?c=d"), "/a?b?c=*");
  assert.equal(withoutValues("/plain"), "/plain");
});

test("a path is logged up to a length", () => {
  assert.equal(withoutValues(`/${"a".repeat(10_000)}`).length, 2048);
});

test("secrets are taken out of a text and ordinary words are not", () => {
  const bindings = [
    { type: "secret_text", name: "A", text: "long-secret-1" },
    { type: "secret_text", name: "B", text: "on" },
    { type: "plain_text", name: "C", text: "production" },
  ];
  const clean = redaction({ bindings }, "control-token");
  assert.equal(clean("long-secret-1 on production control-token"), "[secret] on production [secret]");
});
