import { expect, it, test } from "vitest";
import { fakeFleet, fleet } from "./fake_fleet.ts";

const held = {
  id: "key_01m8a3kq3v1p0t7e4dm2x9c5zr",
  name: "nightly job",
  tenant: "default",
  scopes: ["submit", "read"],
  created_at: "2026-11-25T09:00:00.000Z",
  expires_at: null,
  revoked_at: null,
  last_used_at: null,
};
const secret = `${held.id}.${"s".repeat(43)}`;

test("a new key stands alone on standard output, so that a script can keep it", async () => {
  const { url, received } = await fakeFleet({
    "POST /v1/keys": { status: 201, body: { ...held, key: secret } },
  });
  const words = ["keys", "create", "nightly job", "--scopes", "submit,read", "--rpm", "60"];
  const run = await fleet([...words, "--url", url]);
  expect([run.code, run.out]).toEqual([0, `${secret}\n`]);
  expect(run.err).toContain("shown once");
  expect(JSON.parse(received[0]?.body ?? "")).toEqual({
    name: "nightly job",
    scopes: ["submit", "read"],
    requests_per_minute: 60,
  });
});

test("the list says what each is for and whether it still holds", async () => {
  const revoked = { ...held, name: "old", revoked_at: "2026-11-25T10:00:00.000Z" };
  const { url } = await fakeFleet({
    "GET /v1/keys": { body: { keys: [held, revoked], next_cursor: null } },
  });
  const { out } = await fleet(["keys", "--url", url]);
  expect(out).toMatch(/nightly job.*valid/);
  expect(out).toMatch(/old.*revoked/);
});

test("a whole key may be given to revoke it, and its secret does not travel", async () => {
  const { url, received } = await fakeFleet({ [`DELETE /v1/keys/${held.id}`]: { body: held } });
  expect((await fleet(["keys", "revoke", secret, "--url", url])).code).toBe(0);
  expect(received[0]?.path).toBe(`/v1/keys/${held.id}`);
});

it.each([
  [["keys", "create"], "name"],
  [["keys", "create", "x", "--scopes", "root"], "submit, read, admin"],
  [["keys", "create", "x", "--rpm", "many"], "whole number"],
])("%j is wrong usage and says what to write", async (words, told) => {
  const run = await fleet(words);
  expect(run.code).toBe(2);
  expect(run.err).toContain(told);
});
