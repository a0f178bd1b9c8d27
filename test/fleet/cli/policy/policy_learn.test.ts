import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, expect, test } from "vitest";
import { batchWith, fakeFleet, fleet } from "../fake_fleet.ts";

const folder = mkdtempSync(path.join(os.tmpdir(), "fleet-learn-"));
afterAll(() => rmSync(folder, { recursive: true }));

const denial = (url: string, reason = "no_rule") => ({
  task_id: "task_1",
  custom_id: null,
  at: "t",
  method: "GET",
  url,
  action: "deny",
  reason,
});

const script = (...decisions: object[]) => ({
  "GET /v1/batches/batch_1": { body: batchWith({ succeeded: 1 }, "finished") },
  "GET /v1/egress": [
    { body: { decisions: decisions.slice(0, 1), next_cursor: "c1" } },
    { body: { decisions: decisions.slice(1), next_cursor: null } },
  ],
});
const denials = [
  denial("https://a.example/v1/x?q=1"),
  denial("https://a.example/v1/y"),
  denial("http://10.0.0.1/admin?token=t", "address"),
];

test("the policy is printed to standard output, and the explanation to standard error", async () => {
  const { url, received } = await fakeFleet(script(...denials));
  const result = await fleet(["policy", "learn", "batch_1", "--url", url]);
  expect(result.code).toBe(0);
  expect(JSON.parse(result.out)).toEqual({
    description: expect.stringContaining("2 denied requests of batch_1"),
    rules: [{ host: "a.example", methods: ["GET"], path_prefix: "/v1/" }],
  });
  expect(result.err).toContain("GET https://a.example/v1/ (2 requests)");
  expect(result.err).toContain("1 x GET http://10.0.0.1/admin: is a private or reserved address");
  const queries = received.slice(1).map(({ path: at }) => new URL(at, url).searchParams);
  expect(queries.map((query) => query.get("action"))).toEqual(["deny", "deny"]);
  expect(queries.map((query) => query.get("cursor"))).toEqual([null, "c1"]);
});

test("`-o` writes a file that `fleet policy check` accepts, and never replaces a file", async () => {
  const file = path.join(folder, "learnt.json");
  const { url } = await fakeFleet(script(...denials));
  const result = await fleet(["policy", "learn", "batch_1", "-o", file, "--url", url]);
  expect(result).toMatchObject({ code: 0, out: "" });
  expect(await fleet(["policy", "check", file])).toMatchObject({ code: 0 });
  writeFileSync(file, "mine");
  const second = await fleet(["policy", "learn", "batch_1", "-o", file, "--url", url]);
  expect(second.code).toBe(2);
  expect(second.err).toContain("exists already");
  expect(readFileSync(file, "utf8")).toBe("mine");
});

test("a batch without denials for a missing rule gets no file", async () => {
  const file = path.join(folder, "none.json");
  const { url } = await fakeFleet(script(denial("http://10.0.0.1/", "address")));
  const result = await fleet(["policy", "learn", "batch_1", "-o", file, "--url", url]);
  expect(result).toMatchObject({ code: 0, out: "" });
  expect(result.err).toContain("has no denied request that a rule could permit");
  expect(existsSync(file)).toBe(false);
});

test("`--json` prints everything as one object", async () => {
  const { url } = await fakeFleet(script(...denials));
  const result = await fleet(["policy", "learn", "batch_1", "--json", "--url", url]);
  expect(JSON.parse(result.out)).toMatchObject({
    policy: { rules: [{ host: "a.example" }] },
    requests: [2],
    passed_over: [{ method: "GET", url: "http://10.0.0.1/admin", reason: "address", requests: 1 }],
  });
});
