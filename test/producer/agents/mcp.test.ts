/** The official MCP client against `/mcp`. */
import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { describe, expect, it } from "vitest";
import { agentTools } from "../../../producer/agents/agent_server.ts";
import producer from "../../../producer/index.ts";
import { agentLimits } from "../../../shared/limits.ts";
import { endTasks } from "../batches/steps.ts";
import { key, send, type TestFleet, task, testFleet } from "../client.ts";

/** A connected client, with this key. */
async function connect(fleet: TestFleet, presented = key): Promise<Client> {
  const client = new Client(
    { name: "agent", version: "1" },
    {
      jsonSchemaValidator: {
        getValidator: () => (data) => ({
          valid: true,
          data: data as never,
          errorMessage: undefined,
        }),
      },
    },
  );
  const transport = new StreamableHTTPClientTransport(new URL("https://fleet/mcp"), {
    requestInit: { headers: { authorization: `Bearer ${presented}` } },
    fetch: async (url, init) => {
      const context = createExecutionContext();
      const request = new Request<unknown, IncomingRequestCfProperties>(
        String(url),
        init as RequestInit<IncomingRequestCfProperties>,
      );
      const response = await producer.fetch(request, fleet.env, context);
      await waitOnExecutionContext(context);
      return response;
    },
  });
  await client.connect(transport as Parameters<Client["connect"]>[0]);
  return client;
}

async function call(client: Client, name: string, input: object) {
  const result = await client.callTool({ name, arguments: { ...input } });
  const [part] = result.content as { type: string; text: string }[];
  return { isError: result.isError === true, text: part?.text ?? "" };
}

const read = async (
  client: Client,
  name: string,
  input: object,
): Promise<Record<string, unknown>> => {
  const { isError, text } = await call(client, name, input);
  expect([name, isError ? text : ""]).toEqual([name, ""]);
  return JSON.parse(text) as Record<string, unknown>;
};

describe("the fleet as tools of an agent", () => {
  it("lists its tools with schemas, and none of them approves a call", async () => {
    const client = await connect(testFleet());
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).toEqual(agentTools.map(({ name }) => name));
    expect(tools.every(({ inputSchema }) => inputSchema.type === "object")).toBe(true);
    expect(JSON.stringify(tools)).not.toMatch(/approve|approval/);
  });

  it("checks, submits, waits for, reads and redrives a batch", async () => {
    const fleet = testFleet();
    const client = await connect(fleet);
    const tasks = [task({ custom_id: "a" }), task({ custom_id: "b" })];
    expect(await read(client, "dry_run", { tasks })).toMatchObject({ acceptable: true, total: 2 });
    const { batch } = await read(client, "submit_batch", { tasks, idempotency_key: "k" });
    const { id } = batch as { id: string };
    expect(await read(client, "submit_batch", { tasks, idempotency_key: "k" })).toMatchObject({
      batch: { id },
    });
    await endTasks(id, { status: "failed", to: 1 });
    await endTasks(id, { output: `json_object('text', '${"x".repeat(5_000)}')` });
    expect(await read(client, "wait", { id })).toMatchObject({ finished: true });
    const { results } = await read(client, "read_results", { batch_id: id });
    expect(results).toMatchObject([
      { custom_id: "a", status: "failed" },
      { custom_id: "b", output: expect.stringMatching(/… \(5\d+ characters\)$/) },
    ]);
    const page = await read(client, "read_results", { batch_id: id, limit: 1 });
    expect(page).toMatchObject({ results: [{ index: 0 }], next: "call again with after" });
    expect(await read(client, "explain_failures", { batch_id: id })).toMatchObject({
      failures: [{ reason: "no_progress", tasks: 1 }],
    });
    const redrive = { id, mode: "restart", dry_run: true };
    expect(await read(client, "redrive", redrive)).toMatchObject({ dry_run: true });
    expect(await read(client, "list_tasks", { custom_id: "a" })).toMatchObject({
      tasks: [{ custom_id: "a", status: "failed" }],
    });
  });

  it("says what is wrong with a call, and what to do", async () => {
    const client = await connect(testFleet());
    expect(await call(client, "submit_batch", { tasks: [{ prompt: 1 }] })).toMatchObject({
      isError: true,
      text: expect.stringMatching(/refused: .*\n.*tasks\[0\].prompt/s),
    });
    expect(await call(client, "wait", {})).toMatchObject({
      isError: true,
      text: expect.stringMatching(/invalid arguments of wait: id/),
    });
    expect((await call(client, "read_task", { task_id: "task_none" })).text).toMatch(/not_found/);
    expect((await call(client, "no_such_tool", {})).text).toMatch(/use one of dry_run/);
  });

  it("tries requests against a policy without sending them", async () => {
    const client = await connect(testFleet());
    const requests = [{ url: "https://evil.example/" }];
    expect(await read(client, "try_policy", { policy: "default", requests })).toMatchObject({
      decisions: [{ url: "https://evil.example/", action: "deny" }],
    });
  });

  it("cuts an answer that would not fit an agent's window", async () => {
    const fleet = testFleet();
    const client = await connect(fleet);
    const labels = { long: "x".repeat(100) };
    const tasks = Array.from({ length: 200 }, () => task({ labels }));
    const { batch } = await read(client, "submit_batch", { tasks });
    await endTasks((batch as { id: string }).id, {
      output: `json_object('text', '${"y".repeat(1_000)}')`,
    });
    const { text } = await call(client, "read_results", {
      batch_id: (batch as { id: string }).id,
      limit: 50,
    });
    expect(text.length).toBeLessThan(agentLimits.outputCharsMax + 200);
    expect(text).toMatch(/… cut: \d+ characters in all/);
  });

  it("has the rights of its key and no others", async () => {
    const fleet = testFleet();
    const created = await send(fleet, "POST", "/v1/keys", { name: "reader", scopes: ["read"] });
    const { key: reader } = await created.json<{ key: string }>();
    const client = await connect(fleet, reader);
    expect((await call(client, "submit_task", { task: task() })).text).toMatch(/forbidden/);
  });
});

describe("/mcp", () => {
  it("answers 401 without a key, 405 to GET and 400 to what is not JSON", async () => {
    const fleet = testFleet();
    const anonymous = await producer.fetch(
      new Request<unknown, IncomingRequestCfProperties>("https://fleet/mcp", { method: "POST" }),
      fleet.env,
      createExecutionContext(),
    );
    expect(anonymous.status).toBe(401);
    const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
    const statusOf = async (init: { method: string; body?: string }) => {
      const request = new Request<unknown, IncomingRequestCfProperties>("https://fleet/mcp", {
        headers,
        ...init,
      });
      return (await producer.fetch(request, fleet.env, createExecutionContext())).status;
    };
    expect(await statusOf({ method: "GET" })).toBe(405);
    expect(await statusOf({ method: "POST", body: "{" })).toBe(400);
  });

  it("is described at /llms.txt, which needs no key and names no tenant's data", async () => {
    const request = new Request<unknown, IncomingRequestCfProperties>("https://fleet/llms.txt");
    const response = await producer.fetch(request, testFleet().env, createExecutionContext());
    expect(response.status).toBe(200);
    expect(await response.text()).toContain("POST /mcp");
  });
});
