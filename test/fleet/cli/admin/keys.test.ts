import { expect, it, test } from "vitest";
import { fakeFleet, fleet } from "../fake_fleet.ts";

const key = {
  id: "key_01m8a3kq3v1p0t7e4dm2x9c5zr",
  name: "nightly job",
  tenant: "default",
  scopes: ["submit", "read"],
  created_at: "2026-11-25T09:00:00.000Z",
  expires_at: null,
  revoked_at: null,
  last_used_at: null,
};
const secret = `${key.id}.${"s".repeat(43)}`;

test("only the new key is printed to standard output, so that a script can store it", async () => {
  const { url, received } = await fakeFleet({
    "POST /v1/keys": { status: 201, body: { ...key, key: secret } },
  });
  const args = ["keys", "create", "nightly job", "--scopes", "submit,read", "--rpm", "60"];
  const run = await fleet([...args, "--url", url]);
  expect([run.code, run.out]).toEqual([0, `${secret}\n`]);
  expect(run.err).toContain("shown only once");
  expect(JSON.parse(received[0]?.body ?? "")).toEqual({
    name: "nightly job",
    scopes: ["submit", "read"],
    requests_per_minute: 60,
  });
});

test("the list shows the name and the state of each key", async () => {
  const revoked = { ...key, name: "old", revoked_at: "2026-11-25T10:00:00.000Z" };
  const { url } = await fakeFleet({
    "GET /v1/keys": { body: { keys: [key, revoked], next_cursor: null } },
  });
  const { out } = await fleet(["keys", "--url", url]);
  expect(out).toMatch(/nightly job.*valid/);
  expect(out).toMatch(/old.*revoked/);
});

test("revoke accepts a whole key and does not send its secret", async () => {
  const { url, received } = await fakeFleet({ [`DELETE /v1/keys/${key.id}`]: { body: key } });
  expect((await fleet(["keys", "revoke", secret, "--url", url])).code).toBe(0);
  expect(received[0]?.path).toBe(`/v1/keys/${key.id}`);
});

it.each([
  [["keys", "create"], "name"],
  [["keys", "create", "x", "--scopes", "root"], "submit, read, approve, admin"],
  [["keys", "create", "x", "--rpm", "many"], "whole number"],
])("%j is a usage error with a hint", async (args, message) => {
  const run = await fleet(args);
  expect(run.code).toBe(2);
  expect(run.err).toContain(message);
});
