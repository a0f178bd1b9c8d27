import { expect, test } from "vitest";
import { fakeFleet, fleet } from "../fake_fleet.ts";

const restored = { epoch: 1, restored_at: "2026-11-25T12:00:00.000Z", parking: false };

test("restore says when a restore was found and what to do", async () => {
  const { url } = await fakeFleet({ "GET /v1/restore": { body: restored } });
  const result = await fleet(["restore", "--url", url]);
  expect([result.code, result.out]).toEqual([0, expect.stringContaining("fleet restore resume")]);
  expect(result.out).toContain("2026-11-25T12:00:00.000Z");
});

test("restore resume continues until the last page", async () => {
  const pages = [
    { body: { resumed: 3, next_cursor: "task_01h455vb4pex5vsknk084sn02q" } },
    { body: { resumed: 2, next_cursor: null } },
  ];
  const { url } = await fakeFleet({ "POST /v1/restore/resume": pages });
  const result = await fleet(["restore", "resume", "--url", url]);
  expect([result.code, result.out]).toEqual([0, expect.stringContaining("5 tasks")]);
});

test("`fleet tenants erase` removes nothing without `--yes`, and says what is left at the end", async () => {
  const step = { body: { rows: 2, objects: 1, next_cursor: null, left: ["logs"] } };
  const { url, received } = await fakeFleet({ "POST /v1/tenants/acme/erase": step });
  const refused = await fleet(["tenants", "erase", "acme", "--url", url]);
  expect([refused.code, received.length]).toEqual([2, 0]);
  const result = await fleet(["tenants", "erase", "acme", "--yes", "--url", url]);
  expect([result.code, result.out]).toEqual([0, expect.stringContaining("4 rows and 2 objects")]);
  expect(result.out).toContain("- logs");
});

test.each([
  ["ok", 1e9, 0, "10 % of the database is used"],
  ["filling", 8e9, 1, "80 % of the database is used: shorten RETENTION_DAYS"],
  ["full", 9.5e9, 1, "new work is refused"],
])("doctor reports a database that is %s", async (state, bytes, code, text) => {
  const stats = { counts: {}, backlog: 0, oldest_queued_at: null };
  const { url } = await fakeFleet({
    "GET /healthz": { body: { status: "ok" } },
    "GET /v1/stats": { body: { ...stats, database: { bytes, bytes_max: 1e10, state } } },
    "GET /v1/tools": { body: { tools: [], mcp: [], skills: [], faults: [] } },
    "GET /v1/restore": { body: restored },
  });
  const result = await fleet(["doctor", "--url", url]);
  expect(result.code).toBe(code);
  expect(result.out.replace(/\s+/g, " ")).toContain(text);
  expect(result.out).toMatch(/restore +ok/);
});
