import { Type } from "@sinclair/typebox";
import { expect, test } from "vitest";
import type { Capabilities } from "../../../consumer/sandbox/engine.ts";
import {
  createToolContext,
  type ToolContextParts,
} from "../../../consumer/toolbox/tool_context.ts";
import { defineTool, toolResult } from "../../../consumer/tools/define.ts";

/** Each tool reports what it was given. */
const toolOf = (name: string, bindings: readonly never[]) =>
  defineTool({
    name,
    description: name,
    effect: "read",
    input: Type.Object({}),
    bindings,
    run: async (_input, { bindings: toolBindings, stepId }) =>
      toolResult("", { bindings: Object.keys(toolBindings), stepId }),
  });

function partsWith(overrides: Partial<ToolContextParts> = {}) {
  const tools = new Map(
    [toolOf("outer", []), toolOf("inner", ["EMAIL_FROM"] as never)].map((tool) => [
      tool.name,
      tool,
    ]),
  );
  const calls: string[] = [];
  let capabilities: Capabilities | null = null;
  const parts = {
    env: { EMAIL_FROM: "a@b.example" },
    task: { id: "task_1", history: "[]" },
    tools,
    workspace: { apply: () => ({ ok: true }), changeCount: 0, changedSince: () => new Map() },
    gateway: new Proxy({}, { get: (_target, name) => async () => void calls.push(String(name)) }),
    meter: { takeToolCall: () => ({ ok: true }), spend: () => ({ ok: true }) },
    gate: { journalIntent: async () => true },
    approvals: { needs: () => false },
    runs: {
      async code(_code: string, runCapabilities: Capabilities) {
        capabilities = runCapabilities;
      },
    },
    services: new Map(),
    signal: new AbortController().signal,
    ...overrides,
  } as unknown as ToolContextParts;
  return { parts, calls, capabilities: () => capabilities as Capabilities | null };
}

test("a tool gets the step's key and follows redirects, a program requests each hop itself", async () => {
  const { parts, calls, capabilities } = partsWith();
  const context = createToolContext(parts, { name: "outer" } as never, 7);
  expect([context.stepId, context.idempotencyKey]).toEqual([7, "task_1:7"]);
  await context.fetch({} as never);
  await context.runCode("1");
  await capabilities()?.fetch({} as never);
  expect(calls).toEqual(["fetchFollowing", "fetch"]);
});

test("a tool that a program calls gets its own bindings, and the program's step", async () => {
  const { parts, capabilities } = partsWith();
  const context = createToolContext(parts, { name: "outer" } as never, 7);
  expect(Object.keys(context.bindings)).toEqual([]);
  await context.runCode("inner({})");
  const answer = await capabilities()?.call("inner", "{}", new Map());
  expect(answer).toMatchObject({ ok: true });
  expect(JSON.parse(answer?.ok ? answer.json : "")).toEqual({
    bindings: ["EMAIL_FROM"],
    stepId: 7,
  });
});
