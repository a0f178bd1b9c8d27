import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import type { ToolListing } from "../../consumer/rpc/tools.ts";
import { finalAnswer, runTask, testConsumer } from "../consumer/harness.ts";
import { consumerDown, consumerWith } from "../consumer/rpc/consumer_stub.ts";
import { type ErrorBody, send, task, testFleet } from "../producer/client.ts";

async function readListing(
  fleet: ReturnType<typeof testFleet>,
  headers: Record<string, string> = {},
): Promise<ToolListing> {
  return (await send(fleet, "GET", "/v1/tools", undefined, headers)).json<ToolListing>();
}

async function listTools(bindings: Record<string, unknown> = {}) {
  const { tools } = await readListing(testFleet({ CONSUMER: consumerWith(bindings) }));
  return new Map(tools.map((tool) => [tool.name, tool]));
}

/** The headers of a new key of the tenant. */
async function headersFor(fleet: ReturnType<typeof testFleet>, tenant: string) {
  const created = await send(fleet, "POST", "/v1/keys", { name: "k", tenant });
  const { key } = await created.json<{ key: string }>();
  return { authorization: `Bearer ${key}` };
}

describe("GET /v1/tools", () => {
  test("lists each tool with its schema, and what to set where it is hidden", async () => {
    const tools = await listTools();
    expect(tools.get("run_code")).toMatchObject({ configured: true, reason: null });
    expect(tools.get("send_email")).toMatchObject({
      configured: false,
      effect: "effect",
      reason:
        "Bind EMAIL and EMAIL_FROM and EMAIL_TO in wrangler.consumer.toml: docs/tools.md shows how.",
      input_schema: { required: ["to", "subject", "text"] },
    });
  });

  test("hides the shell where there are no containers", async () => {
    expect((await listTools()).get("run_shell")).toMatchObject({
      configured: false,
      reason: expect.stringContaining("npm run deploy -- --microvm"),
    });
  });

  test("lists a tool with its binding as configured", async () => {
    expect((await listTools({ QUERY_DB: env.DB })).get("query_d1")?.configured).toBe(true);
  });

  test("returns 503 while the consumer does not respond", async () => {
    expect((await send(testFleet({ CONSUMER: consumerDown }), "GET", "/v1/tools")).status).toBe(
      503,
    );
  });
});

const mailbox = (overrides: object) =>
  JSON.stringify({
    "tasks@fleet.example": { from: ["*@acme.example"], template: {}, ...overrides },
  });

const MCP_SERVERS = JSON.stringify({
  docs: { url: "https://mcp.example/mcp" },
  theirs: { url: "https://mcp.example/mcp", tenants: ["other"] },
});

describe("GET /v1/tools, for a tenant,", () => {
  const listingWith = (bindings: Record<string, unknown>) =>
    readListing(testFleet({ CONSUMER: consumerWith(bindings) }));

  test("lists the MCP servers and skills that its tasks may name", async () => {
    const { mcp, skills, faults } = await listingWith({ MCP_SERVERS });
    expect(mcp).toEqual([{ name: "docs", url: "https://mcp.example/mcp" }]);
    expect(skills).toMatchObject([{ name: "tabular-data" }]);
    expect(faults).toEqual([]);
  });

  test("lists invalid settings", async () => {
    const { mcp, faults } = await listingWith({ MCP_SERVERS: "{" });
    expect([mcp, faults]).toEqual([[], ["MCP_SERVERS: it is not JSON."]]);
  });

  test.each([
    ["default", ["MCP_SERVERS: theirs/url: "]],
    ["other", ["MCP_SERVERS: theirs/url: "]],
    ["neighbour", ["MCP_SERVERS: it cannot be read, so no server may be named; the operator"]],
    ["stranger", []],
  ])("shows the tenant %s only its part of a fault", async (tenant, messages) => {
    const table = {
      theirs: { url: "file:///x", tenants: ["other"] },
      near: { url: "https://mcp.example/mcp", tenants: ["neighbour"] },
    };
    const fleet = testFleet({ CONSUMER: consumerWith({ MCP_SERVERS: JSON.stringify(table) }) });
    const { faults } = await readListing(fleet, await headersFor(fleet, tenant));
    expect(faults).toEqual(messages.map((start) => expect.stringContaining(start)));
    if (tenant !== "default" && tenant !== "other") expect(faults.join()).not.toContain("theirs");
  });

  test.each(["MCP_SERVERS", "FLEET_MAILBOXES"])(
    "shows only the operator's tenant that %s is not JSON",
    async (name) => {
      const fleet = testFleet({ CONSUMER: consumerWith({ [name]: "{" }), [name]: "{" });
      expect((await readListing(fleet)).faults).toHaveLength(1);
      expect((await readListing(fleet, await headersFor(fleet, "other"))).faults).toEqual([]);
    },
  );

  test.each([
    ["{", undefined, /not JSON of address/],
    [mailbox({}), undefined, null],
    [
      mailbox({ answer: true }),
      undefined,
      /^tasks@fleet.example replies to mail, .* no binding MAIL/,
    ],
    [mailbox({ answer: true }), { send: async () => ({}) }, null],
    [mailbox({ answer: true, tenant: "other" }), undefined, null],
  ])("lists a mailbox that cannot reply: %s", async (FLEET_MAILBOXES, MAIL, fault) => {
    const fleet = testFleet({ CONSUMER: consumerWith({ MAIL }), FLEET_MAILBOXES });
    const { faults } = await readListing(fleet);
    expect(faults).toEqual(fault === null ? [] : [expect.stringMatching(fault)]);
  });
});

describe("a task that names an MCP server or a skill", () => {
  const submit = async (overrides: Record<string, unknown>) =>
    send(
      testFleet({ CONSUMER: consumerWith({ MCP_SERVERS }) }),
      "POST",
      "/v1/tasks",
      task(overrides),
    );

  test("that exists is accepted", async () => {
    expect((await submit({ mcp: ["docs"], skills: ["tabular-data"] })).status).toBe(202);
  });

  test.each([
    [{ mcp: ["docs", "missing"] }, "mcp[1]", "configured are docs"],
    [{ mcp: ["theirs"] }, "mcp[0]", "configured are docs"],
    [{ skills: ["nothing"] }, "skills[0]", "configured are tabular-data"],
  ])("that does not exist is rejected: %j", async (overrides, path, text) => {
    const answer = await submit(overrides);
    expect(answer.status).toBe(422);
    const { error } = await answer.json<ErrorBody>();
    expect(error.details).toMatchObject([{ path, message: expect.stringContaining(text) }]);
  });
});

describe("a task that names a tool that is not configured", () => {
  const wants = task({ tools: ["run_code", "browse"] });

  test("is rejected at submission with what to set", async () => {
    const answer = await send(testFleet({ CONSUMER: consumerWith() }), "POST", "/v1/tasks", wants);
    expect(answer.status).toBe(422);
    const { error } = await answer.json<ErrorBody>();
    expect(error.details).toMatchObject([
      { path: "tools[1]", message: expect.stringContaining("Bind BROWSER in wrangler.consumer") },
    ]);
  });

  test("is accepted while the consumer is unreachable, and then fails at once", async () => {
    const answer = await send(testFleet({ CONSUMER: consumerDown }), "POST", "/v1/tasks", wants);
    expect(answer.status).toBe(202);
    const row = await runTask({ prompt: "p", tools: ["browse"], rehearsal: [finalAnswer()] });
    expect(row).toMatchObject({ status: "failed", reason: "sandbox_unavailable" });
    expect(row.error).toContain("Bind BROWSER");
    expect(JSON.parse(row.usage)).toMatchObject({ model_calls: 0 });
  });

  test("of another tenant fails too, although the tool has its binding", async () => {
    const otherPolicies = { theirs: { rules: [], tenants: ["other"] } };
    const consumer = testConsumer({
      QUERY_DB: env.DB,
      FLEET_POLICIES: JSON.stringify(otherPolicies),
    });
    const policyTask = {
      prompt: "p",
      policy: "theirs",
      tools: ["query_d1"],
      rehearsal: [finalAnswer()],
    };
    const options = { consumer, row: { tenant: "other" } };
    expect((await runTask(policyTask, options)).error).toContain("TOOL_TENANTS");
    const unnamed = { prompt: "p", policy: "theirs", rehearsal: [finalAnswer()] };
    expect((await runTask(unnamed, options)).status).toBe("succeeded");
  });
});
