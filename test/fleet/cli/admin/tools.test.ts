import { expect, test } from "vitest";
import { fakeFleet, fleet } from "../fake_fleet.ts";

const tools = [
  {
    name: "run_code",
    description: "Runs code.",
    effect: "idempotent",
    configured: true,
    reason: null,
  },
  {
    name: "browse",
    description: "Opens a page.",
    effect: "read",
    configured: false,
    reason: "Bind BROWSER.\u001b[2J",
  },
];
const listing = {
  tools,
  mcp: [{ name: "docs", url: "https://mcp.example/mcp" }],
  skills: [{ name: "tabular-data", description: "Tables." }],
  faults: [] as string[],
};
const script = {
  "GET /healthz": { body: { status: "ok" } },
  "GET /v1/stats": { body: { counts: {}, backlog: 0, oldest_queued_at: null } },
  "GET /v1/tools": { body: listing },
};

test("tools lists the available tools, and what to set for hidden ones", async () => {
  const { url } = await fakeFleet(script);
  const result = await fleet(["tools", "--url", url]);
  expect(result.code).toBe(0);
  expect(result.out).toMatch(/run_code +ok +idempotent +Runs code\./);
  expect(result.out).toMatch(/browse +hidden +read +Bind BROWSER\./);
  expect(result.out).toMatch(/docs +ok +MCP server at https:\/\/mcp\.example\/mcp/);
  expect(result.out).toMatch(/tabular-data +ok +skill: Tables\./);
  expect(result.out).not.toContain("\u001b");
});

test("`fleet tools --json` prints the response of the API", async () => {
  const { url } = await fakeFleet(script);
  const result = await fleet(["tools", "--json", "--url", url]);
  expect(JSON.parse(result.out)).toEqual(listing);
});

test("doctor lists hidden tools, which are not a failure", async () => {
  const { url } = await fakeFleet(script);
  const result = await fleet(["doctor", "--url", url]);
  expect(result.code).toBe(0);
  expect(result.out).toMatch(/tools +ok +1 configured, 1 MCP server, 1 skill, hidden: browse/);
});

test("`fleet doctor` fails if a setting is invalid", async () => {
  const faults = ["MCP_SERVERS: it is not JSON."];
  const { url } = await fakeFleet({ ...script, "GET /v1/tools": { body: { ...listing, faults } } });
  const result = await fleet(["doctor", "--url", url]);
  expect(result.code).toBe(1);
  expect(result.out).toContain("MCP_SERVERS: it is not JSON.");
});

test("doctor reports what is paused, and how to resume it", async () => {
  const models = [{ model: "@cf/a", since: "2026-11-25T10:00:00.000Z" }];
  const paused = { paused: true, since: "2026-11-25T09:00:00.000Z", models };
  const { url } = await fakeFleet({ ...script, "GET /v1/pause": { body: paused } });
  const result = await fleet(["doctor", "--url", url]);
  expect(result.code).toBe(1);
  expect(result.out).toContain(
    "the fleet is paused since 2026-11-25T09:00:00.000Z: fleet resume --all",
  );
  expect(result.out).toContain("fleet resume --model @cf/a");
});

test("`fleet doctor` fails if the fleet cannot list its tools", async () => {
  const problem = { error: { code: "unavailable", message: "the consumer does not answer" } };
  const { url } = await fakeFleet({ ...script, "GET /v1/tools": { status: 503, body: problem } });
  const result = await fleet(["doctor", "--url", url]);
  expect(result.code).toBe(1);
  expect(result.out).toContain("the consumer does not answer");
});
