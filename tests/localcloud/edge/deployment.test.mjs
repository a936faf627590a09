import assert from "node:assert/strict";
import { test } from "node:test";

import { KEY_HEADER, OVERRIDES_HEADER, choose } from "../../../localcloud/edge/deployment.mjs";

const split = (old, fresh) => ({
  deployment_id: "d",
  versions: [
    { version_id: "fresh", percentage: fresh },
    { version_id: "old", percentage: old },
  ],
});

test("a deployment of nothing has no version", () => {
  assert.equal(choose("api", { deployment_id: "d", versions: [] }, {}), undefined);
});

test("a share is the chance of its version", () => {
  const count = { old: 0, fresh: 0 };
  for (let point = 0; point < 100; point += 1) count[choose("api", split(90, 10), {}, () => point / 100)] += 1;
  assert.deepEqual(count, { old: 90, fresh: 10 });
});

test("a version at nought per cent is never chosen by chance", () => {
  for (const point of [0, 0.5, 0.999999]) assert.equal(choose("api", split(100, 0), {}, () => point), "old");
});

test("a key always gets the same version and keys spread by the shares", () => {
  const keys = Array.from({ length: 2000 }, (_, number) => `user-${number}`);
  const of = (key, deployment) => choose("api", deployment, { [KEY_HEADER]: key });
  for (const key of keys.slice(0, 50)) assert.equal(of(key, split(50, 50)), of(key, split(50, 50)));
  const fresh = keys.filter((key) => of(key, split(75, 25)) === "fresh").length;
  assert.ok(fresh > 400 && fresh < 600, `${fresh} of 2000 at 25 %`);
});

test("a key that has the new version keeps it while its share grows", () => {
  for (let number = 0; number < 500; number += 1) {
    const headers = { [KEY_HEADER]: `user-${number}` };
    if (choose("api", split(90, 10), headers) === "fresh") assert.equal(choose("api", split(50, 50), headers), "fresh");
  }
});

test("an override picks a version of the deployment for its own script only", () => {
  const of = (value) => choose("api", split(100, 0), { [OVERRIDES_HEADER]: value }, () => 0);
  assert.equal(of('api="fresh"'), "fresh");
  assert.equal(of('other="old", api="fresh"'), "fresh");
  assert.equal(of('other="fresh"'), "old");
  assert.equal(of('api="gone"'), "old");
  assert.equal(of("api=fresh"), "old");
});
