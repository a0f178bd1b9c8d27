import { describe, expect, test } from "vitest";
import { McpConnection } from "../../consumer/mcp/connection.ts";
import { remoteTools } from "../../consumer/mcp/remote_tools.ts";
import { type McpResult, resultOf } from "../../consumer/mcp/result.ts";
import type { GuestRequest, GuestResponse } from "../../consumer/sandbox/engine.ts";

type Answer =
  | { result: unknown }
  | { error: { code: number; message: string } }
  | { http: number; text?: string };

interface Request {
  method: string;
  id?: number;
  params?: { cursor?: string; name?: string };
}

/** A connection to a server that answers `tools/list` and `tools/call` by these functions. */
function connect(answer: (request: Request, nth: number) => Answer | string) {
  const methods: string[] = [];
  let requestCount = 0;
  const respond = async ({ body }: GuestRequest): Promise<GuestResponse> => {
    const request = JSON.parse(new TextDecoder().decode(body ?? undefined)) as Request;
    methods.push(request.method);
    if (request.method.startsWith("notifications/")) return response(202, "");
    if (request.method === "initialize") {
      const result = {
        protocolVersion: "2025-06-18",
        capabilities: { tools: {} },
        serverInfo: { name: "pond", version: "1" },
      };
      return response(200, JSON.stringify({ jsonrpc: "2.0", id: request.id, result }));
    }
    requestCount += 1;
    const serverAnswer = answer(request, requestCount);
    if (typeof serverAnswer === "string") {
      return response(200, `{"jsonrpc":"2.0","id":${request.id},"result":${serverAnswer}}`);
    }
    if ("http" in serverAnswer) return response(serverAnswer.http, serverAnswer.text ?? "gone");
    return response(200, JSON.stringify({ jsonrpc: "2.0", id: request.id, ...serverAnswer }));
  };
  const transport = { fetch: respond, fetchEffectFree: respond };
  const server = { name: "pond", url: "https://pond.test/mcp" };
  const connection = new McpConnection(server, transport, new AbortController().signal);
  return { connection, methods };
}

const response = (status: number, text: string): GuestResponse => ({
  url: "https://pond.test/mcp",
  status,
  statusText: "",
  headers: [["content-type", "application/json"]],
  body: new TextEncoder().encode(text),
});

const goodTool = {
  name: "cut_reed",
  description: "Cuts a reed.",
  inputSchema: { type: "object", properties: { reed: { type: "string" } } },
};

async function offerTools(pages: readonly object[], repeats = false) {
  const { connection, methods } = connect((_request, nth) => ({
    result: pages[repeats ? (nth - 1) % pages.length : nth - 1] ?? { tools: [] },
  }));
  const list = await connection.list();
  if (!list.ok) throw new Error(list.error);
  const tools = remoteTools("pond", { url: "https://pond.test/mcp" }, list.value);
  return {
    names: tools.map(({ name }) => name.replace("pond__", "")),
    tools,
    requests: methods.filter((method) => method === "tools/list").length,
  };
}

describe("one odd tool hides no other", () => {
  test.each<[string, unknown, string[]]>([
    ["an empty schema", { name: "odd", inputSchema: {} }, ["cut_reed", "odd"]],
    ["no schema", { name: "odd" }, ["cut_reed", "odd"]],
    [
      "null fields in its schema",
      { name: "odd", inputSchema: { type: "object", properties: {}, required: null } },
      ["cut_reed", "odd"],
    ],
    [
      "a union at the top",
      { name: "odd", inputSchema: { anyOf: [{ type: "object" }, { type: "object" }] } },
      ["cut_reed", "odd"],
    ],
    ["a description of null", { ...goodTool, name: "odd", description: null }, ["cut_reed", "odd"]],
    [
      "a hint as text",
      { ...goodTool, name: "odd", annotations: { readOnlyHint: "yes" } },
      ["cut_reed", "odd"],
    ],
    [
      "an output schema of a list",
      { ...goodTool, name: "odd", outputSchema: { type: "array" } },
      ["cut_reed", "odd"],
    ],
    ["a title that is a number", { ...goodTool, name: "odd", title: 7 }, ["cut_reed", "odd"]],
    ["a schema of true", { ...goodTool, name: "odd", inputSchema: true }, ["cut_reed", "odd"]],
    [
      "a list of types",
      { name: "odd", inputSchema: { type: ["object", "null"] } },
      ["cut_reed", "odd"],
    ],
    ["a schema of text", { name: "odd", inputSchema: { type: "string" } }, ["cut_reed"]],
    ["no name", { description: "nameless" }, ["cut_reed"]],
    ["null", null, ["cut_reed"]],
  ])("%s", async (_name, oddTool, names) => {
    expect((await offerTools([{ tools: [goodTool, oddTool] }])).names).toEqual(names);
  });
});

describe("a list of several pages ends", () => {
  test.each<[string, object[], boolean, string[], number]>([
    ["at a cursor of null", [{ tools: [goodTool], nextCursor: null }], true, ["cut_reed"], 1],
    ["at an empty cursor", [{ tools: [goodTool], nextCursor: "" }], true, ["cut_reed"], 1],
    [
      "at a cursor that does not move",
      [{ tools: [goodTool], nextCursor: "p" }],
      true,
      ["cut_reed"],
      2,
    ],
    [
      "at cursors in a circle",
      [
        { tools: [{ ...goodTool, name: "a1" }], nextCursor: "x" },
        { tools: [{ ...goodTool, name: "a2" }], nextCursor: "y" },
        { tools: [{ ...goodTool, name: "a1" }], nextCursor: "x" },
      ],
      true,
      ["a1", "a2"],
      3,
    ],
    [
      "after its last page",
      [
        { tools: [{ ...goodTool, name: "a1" }], nextCursor: "x" },
        { tools: [{ ...goodTool, name: "a2" }] },
      ],
      false,
      ["a1", "a2"],
      2,
    ],
    ["where the list is missing", [{}], false, [], 1],
  ])("%s", async (_name, pages, repeats, names, requests) => {
    expect(await offerTools(pages, repeats)).toMatchObject({ names, requests });
  });
});

test("names that would collide are numbered, and an exact name stays", async () => {
  const names = ["pond.drain", "pond/drain", "pond_drain"].map((name) => ({ ...goodTool, name }));
  const { tools } = await offerTools([{ tools: names }]);
  expect(tools.map(({ name, tool }) => [name, tool])).toEqual([
    ["pond__pond_drain_2", "pond.drain"],
    ["pond__pond_drain_3", "pond/drain"],
    ["pond__pond_drain", "pond_drain"],
  ]);
});

async function callServer(answer: (nth: number) => Answer | string) {
  const { connection, methods } = connect((_request, nth) => answer(nth));
  // The first request opens the session.
  const outcome = await connection.call({ tool: "cut_reed", effect: "read" }, {});
  return { outcome, methods, text: outcome.ok ? resultOf(outcome.value).text : outcome.error };
}

describe("what a call returns is read", () => {
  test.each<[string, McpResult, string]>([
    [
      "with an unknown part",
      {
        content: [
          { type: "chart", bars: [3] },
          { type: "text", text: "nine reeds" },
        ],
      },
      "nine reeds",
    ],
    ["without content", { structuredContent: { reeds: 4 } }, "4"],
    ["with content of null", { content: null, structuredContent: { reeds: 9 } }, "9"],
    ["with a part of null", { content: [null, { type: "text", text: "two" }] }, "two"],
    ["with a number as text", { content: [{ type: "text", text: 12 }] }, "12"],
    [
      "as an error",
      { isError: true, content: [{ type: "text", text: "pond is frozen" }] },
      "pond is frozen",
    ],
  ])("%s", async (_name, result, text) => {
    expect((await callServer(() => ({ result }))).text).toContain(text);
  });

  test("with all digits of a number", async () => {
    const { text } = await callServer(() => '{"structuredContent":{"berth":8800700600500400303}}');
    expect(text).toContain("8800700600500400303");
  });

  test.each([
    [-32602, "reed: must be green"],
    [-32601, "Unknown tool"],
  ])("as the server's own words for error %i", async (code, message) => {
    const { outcome, text } = await callServer(() => ({ error: { code, message } }));
    expect(outcome.ok).toBe(true);
    expect(text).toContain(message);
    expect(text).not.toContain("cannot be used");
  });
});

describe("a session that the server has forgotten", () => {
  test.each([{ http: 404 }, { http: 400, text: "Bad Request: No valid session ID provided" }])(
    "is renewed once, and the call repeated: %j",
    async (lost) => {
      const { connection, methods } = connect((_request, nth) => {
        if (nth === 2) return lost;
        return { result: { content: [{ type: "text", text: `cut ${nth}` }] } };
      });
      const call = () => connection.call({ tool: "cut_reed", effect: "effect" }, {});
      expect(await call()).toMatchObject({ ok: true });
      expect(await call()).toMatchObject({ ok: true, value: { content: [{ text: "cut 3" }] } });
      expect(methods.filter((method) => method === "initialize")).toHaveLength(2);
    },
  );

  test("is not renewed again and again", async () => {
    const { connection, methods } = connect((_request, nth) =>
      nth === 1 ? { result: { content: [] } } : { http: 404 },
    );
    const call = () => connection.call({ tool: "cut_reed", effect: "read" }, {});
    await call();
    expect(await call()).toMatchObject({ ok: false });
    expect(methods.filter((method) => method === "tools/call")).toHaveLength(3);
  });
});
