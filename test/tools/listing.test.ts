import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import type { ToolListing } from "../../consumer/rpc/tools.ts";
import { testConsumer, finalAnswer, runTask } from "../consumer/harness.ts";
import { consumerDown, consumerWith } from "../consumer/rpc/consumer_stub.ts";
import { type Refusal, send, task, testFleet } from "../producer/client.ts";

async function listed(bindings: Record<string, unknown> = {}) {
  const answer = await send(testFleet({ CONSUMER: consumerWith(bindings) }), "GET", "/v1/tools");
  const { tools } = await answer.json<ToolListing>();
  return new Map(tools.map((tool) => [tool.name, tool]));
}

describe("GET /v1/tools", () => {
  test("says of each tool what it takes, and what to set where it is hidden", async () => {
    const tools = await listed();
    expect(tools.get("run_code")).toMatchObject({ configured: true, reason: null });
    expect(tools.get("send_email")).toMatchObject({
      configured: false,
      effect: "effect",
      reason:
        "Bind EMAIL and EMAIL_FROM and EMAIL_TO in wrangler.consumer.toml: docs/tools.md shows how.",
      input_schema: { required: ["to", "subject", "text"] },
    });
  });

  test("a shell is hidden where there are no containers", async () => {
    expect((await listed()).get("run_shell")).toMatchObject({
      configured: false,
      reason: expect.stringContaining("npm run deploy -- --microvm"),
    });
  });

  test("what is bound is configured", async () => {
    expect((await listed({ QUERY_DB: env.DB })).get("query_d1")?.configured).toBe(true);
  });

  test("is 503 while the consumer does not answer", async () => {
    expect((await send(testFleet({ CONSUMER: consumerDown }), "GET", "/v1/tools")).status).toBe(
      503,
    );
  });
});

const mailbox = (more: object) =>
  JSON.stringify({ "tasks@fleet.example": { from: ["*@acme.example"], template: {}, ...more } });

const MCP_SERVERS = JSON.stringify({
  docs: { url: "https://mcp.example/mcp" },
  theirs: { url: "https://mcp.example/mcp", tenants: ["other"] },
});

describe("GET /v1/tools names what a task of the tenant may bring", () => {
  const asked = async (bindings: Record<string, unknown>) =>
    (
      await send(testFleet({ CONSUMER: consumerWith(bindings) }), "GET", "/v1/tools")
    ).json<ToolListing>();

  test("MCP servers and skills", async () => {
    const { mcp, skills, faults } = await asked({ MCP_SERVERS });
    expect(mcp).toEqual([{ name: "docs", url: "https://mcp.example/mcp" }]);
    expect(skills).toMatchObject([{ name: "tabular-data" }]);
    expect(faults).toEqual([]);
  });

  test("and says what cannot be read", async () => {
    const { mcp, faults } = await asked({ MCP_SERVERS: "{" });
    expect([mcp, faults]).toEqual([[], ["MCP_SERVERS: it is not JSON."]]);
  });

  test.each([
    ["default", ["MCP_SERVERS: theirs/url: "]],
    ["other", ["MCP_SERVERS: theirs/url: "]],
    ["neighbour", ["MCP_SERVERS: it cannot be read, so no server may be named; whoever runs"]],
    ["stranger", []],
  ])("and tells the tenant %s of another's server as little as it may", async (tenant, told) => {
    const table = {
      theirs: { url: "file:///x", tenants: ["other"] },
      near: { url: "https://mcp.example/mcp", tenants: ["neighbour"] },
    };
    const fleet = testFleet({ CONSUMER: consumerWith({ MCP_SERVERS: JSON.stringify(table) }) });
    const made = await send(fleet, "POST", "/v1/keys", { name: "k", tenant });
    const { key } = await made.json<{ key: string }>();
    const headers = { authorization: `Bearer ${key}` };
    const answer = await send(fleet, "GET", "/v1/tools", undefined, headers);
    const { faults } = await answer.json<ToolListing>();
    expect(faults).toEqual(told.map((start) => expect.stringContaining(start)));
    if (tenant !== "default" && tenant !== "other") expect(faults.join()).not.toContain("theirs");
  });

  test.each(["MCP_SERVERS", "FLEET_MAILBOXES"])(
    "and %s that is no JSON is told to the operator's tenant alone",
    async (name) => {
      const fleet = testFleet({ CONSUMER: consumerWith({ [name]: "{" }), [name]: "{" });
      const made = await send(fleet, "POST", "/v1/keys", { name: "k", tenant: "other" });
      const { key } = await made.json<{ key: string }>();
      const faultsFor = async (headers: Record<string, string>) =>
        (await (await send(fleet, "GET", "/v1/tools", undefined, headers)).json<ToolListing>())
          .faults;
      expect(await faultsFor({})).toHaveLength(1);
      expect(await faultsFor({ authorization: `Bearer ${key}` })).toEqual([]);
    },
  );

  test.each([
    ["{", undefined, /not JSON of address/],
    [mailbox({}), undefined, null],
    [mailbox({ answer: true }), undefined, /^tasks@fleet.example answers .* no binding MAIL/],
    [mailbox({ answer: true }), { send: async () => ({}) }, null],
    [mailbox({ answer: true, tenant: "other" }), undefined, null],
  ])("and which mailbox cannot do what it says: %s", async (FLEET_MAILBOXES, MAIL, fault) => {
    const fleet = testFleet({ CONSUMER: consumerWith({ MAIL }), FLEET_MAILBOXES });
    const { faults } = await (await send(fleet, "GET", "/v1/tools")).json<ToolListing>();
    expect(faults).toEqual(fault === null ? [] : [expect.stringMatching(fault)]);
  });
});

describe("a task that names an MCP server or a skill", () => {
  const submit = async (more: Record<string, unknown>) =>
    send(testFleet({ CONSUMER: consumerWith({ MCP_SERVERS }) }), "POST", "/v1/tasks", task(more));

  test("that is there is accepted", async () => {
    expect((await submit({ mcp: ["docs"], skills: ["tabular-data"] })).status).toBe(202);
  });

  test.each([
    [{ mcp: ["docs", "nobody"] }, "mcp[1]", "there are docs"],
    [{ mcp: ["theirs"] }, "mcp[0]", "there are docs"],
    [{ skills: ["nothing"] }, "skills[0]", "there are tabular-data"],
  ])("that is not is refused: %j", async (more, path, words) => {
    const answer = await submit(more);
    expect(answer.status).toBe(422);
    const { error } = await answer.json<Refusal>();
    expect(error.details).toMatchObject([{ path, message: expect.stringContaining(words) }]);
  });
});

describe("a task that names a tool that is not configured", () => {
  const wants = task({ tools: ["run_code", "browse"] });

  test("is refused at submission with what to set", async () => {
    const answer = await send(testFleet({ CONSUMER: consumerWith() }), "POST", "/v1/tasks", wants);
    expect(answer.status).toBe(422);
    const { error } = await answer.json<Refusal>();
    expect(error.details).toMatchObject([
      { path: "tools[1]", message: expect.stringContaining("Bind BROWSER in wrangler.consumer") },
    ]);
  });

  test("is accepted where the consumer cannot be asked, and then fails at once", async () => {
    const answer = await send(testFleet({ CONSUMER: consumerDown }), "POST", "/v1/tasks", wants);
    expect(answer.status).toBe(202);
    const row = await runTask({ prompt: "p", tools: ["browse"], rehearsal: [finalAnswer()] });
    expect(row).toMatchObject({ status: "failed", reason: "sandbox_unavailable" });
    expect(row.error).toContain("Bind BROWSER");
    expect(JSON.parse(row.usage)).toMatchObject({ model_calls: 0 });
  });

  test("of another tenant fails too, although it is bound", async () => {
    const theirs = { theirs: { rules: [], tenants: ["other"] } };
    const on = testConsumer({ QUERY_DB: env.DB, FLEET_POLICIES: JSON.stringify(theirs) });
    const named = { prompt: "p", policy: "theirs", tools: ["query_d1"], rehearsal: [finalAnswer()] };
    const more = { bench: on, row: { tenant: "other" } };
    expect((await runTask(named, more)).error).toContain("TOOL_TENANTS");
    const unnamed = { prompt: "p", policy: "theirs", rehearsal: [finalAnswer()] };
    expect((await runTask(unnamed, more)).status).toBe("succeeded");
  });
});
