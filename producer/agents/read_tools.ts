/** Tools that read: progress, results, failures, steps, evaluations, policies. */
import { Type } from "@sinclair/typebox";
import { compile, decide } from "../../policies/decide.ts";
import { agentLimits } from "../../shared/limits.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import { isTerminal } from "../../shared/task/states.ts";
import type { FleetClient } from "../client/index.ts";
import { type AgentTool, agentTool, readValue, shortened } from "./agent_tool.ts";

const strict = { additionalProperties: false } as const;
const Id = (what: string) => Type.String({ description: `id of the ${what}` });
const Page = {
  after: Type.Optional(
    Type.Integer({ minimum: -1, description: "continue after this index or seq" }),
  ),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: agentLimits.rowsMax })),
};

export const readTools: readonly AgentTool[] = [
  agentTool({
    name: "wait",
    description: `Waits up to ${agentLimits.waitSecondsMax} s for a task or batch to end and returns its state. Call it again while it is not finished.`,
    readOnly: true,
    input: Type.Object({ id: Id("task or batch") }, strict),
    run: (client, { id }) => waitFor(client, id),
  }),
  agentTool({
    name: "read_results",
    description: "Returns results of a batch in the order of its input, a page at a time.",
    readOnly: true,
    input: Type.Object({ batch_id: Id("batch"), ...Page }, strict),
    run: async (client, { batch_id: id, after = -1, limit = agentLimits.rowsDefault }) => {
      const lines = readValue(await client("GET /v1/batches/:id/results", { id }));
      if (!lines.ok) return lines;
      const page: unknown[] = [];
      for await (const {
        index,
        custom_id,
        task_id,
        status,
        reason,
        output,
        error,
      } of lines.value) {
        if ((index ?? 0) <= after) continue;
        if (page.length === limit) return ok({ results: page, next: "call again with after" });
        page.push({ index, custom_id, task_id, status, reason, output: shortened(output), error });
      }
      return ok({ results: page, next: null });
    },
  }),
  agentTool({
    name: "explain_failures",
    description:
      "Groups the tasks of a batch that did not succeed by their cause, with an example of each.",
    readOnly: true,
    input: Type.Object({ batch_id: Id("batch") }, strict),
    run: async (client, { batch_id: id }) =>
      readValue(await client("GET /v1/batches/:id/failures", { id })),
  }),
  agentTool({
    name: "read_task",
    description: "Returns a task: status, reason, usage, output and error.",
    readOnly: true,
    input: Type.Object({ task_id: Id("task") }, strict),
    run: async (client, { task_id: id }) => {
      const task = readValue(await client("GET /v1/tasks/:id", { id }));
      return task.ok ? ok({ ...task.value, output: shortened(task.value.output, 8_000) }) : task;
    },
  }),
  agentTool({
    name: "read_steps",
    description:
      "Returns the model calls and tool calls of a task, shortened: why it ended as it did.",
    readOnly: true,
    input: Type.Object({ task_id: Id("task"), ...Page }, strict),
    run: async (client, { task_id: id, after = 0, limit = agentLimits.rowsDefault }) => {
      const found = readValue(await client("GET /v1/tasks/:id/steps", { id }));
      if (!found.ok) return found;
      const steps = found.value.steps.filter(({ seq }) => seq > after);
      return ok({
        steps: steps.slice(0, limit).map(({ seq, kind, name, status, input, output }) => ({
          ...{ seq, kind, name, status },
          input: shortened(input),
          output: shortened(output),
        })),
        next: steps.length > limit ? "call again with after" : null,
      });
    },
  }),
  agentTool({
    name: "list_tasks",
    description: "Lists tasks, newest first, by status, reason, batch or custom id.",
    readOnly: true,
    input: Type.Object(
      {
        status: Type.Optional(Type.String()),
        reason: Type.Optional(Type.String()),
        batch_id: Type.Optional(Type.String()),
        custom_id: Type.Optional(Type.String()),
        cursor: Type.Optional(Type.String()),
      },
      strict,
    ),
    run: async (client, filter) => {
      const query = new URLSearchParams({ ...filter, limit: String(agentLimits.rowsDefault) });
      const found = readValue(await client("GET /v1/tasks", { query }));
      if (!found.ok) return found;
      const tasks = found.value.tasks.map(
        ({ id, custom_id, status, reason, model, created_at, error }) => ({
          ...{ id, custom_id, status, reason, model, created_at, error },
        }),
      );
      return ok({ tasks, next_cursor: found.value.next_cursor });
    },
  }),
  agentTool({
    name: "read_eval",
    description: "Returns an evaluation; grades it if its batches are finished.",
    readOnly: false,
    input: Type.Object({ eval_id: Id("evaluation") }, strict),
    run: async (client, { eval_id: id }) =>
      readValue(await client("POST /v1/evals/:id/grade", { id })),
  }),
  agentTool({
    name: "try_policy",
    description:
      "Says for each request whether a policy would allow, inject or deny it. Sends nothing.",
    readOnly: true,
    input: Type.Object(
      {
        policy: Type.String({ description: "the name of a policy" }),
        requests: Type.Array(
          Type.Object({ method: Type.Optional(Type.String()), url: Type.String() }, strict),
          { minItems: 1, maxItems: agentLimits.policyRequestsMax },
        ),
      },
      strict,
    ),
    run: async (client, { policy, requests }) => {
      const found = readValue(await client("GET /v1/policies"));
      if (!found.ok) return found;
      const named = found.value.policies.find(({ name }) => name === policy);
      if (named === undefined) {
        const names = found.value.policies.map(({ name }) => name).join(", ");
        return err(`no policy "${policy}" for this key: use one of ${names}`);
      }
      const compiled = compile({ rules: named.rules } as Parameters<typeof compile>[0]);
      return ok({
        decisions: requests.map(({ method = "GET", url }) => ({
          ...{ method, url },
          ...decide(compiled, { method, url, headers: [] }),
        })),
      });
    },
  }),
];

async function waitFor(client: FleetClient, id: string): Promise<Result<unknown, string>> {
  const deadline = Date.now() + agentLimits.waitSecondsMax * 1_000;
  for (;;) {
    const state = await readState(client, id);
    if (!state.ok) return state;
    const { isDone, value } = state.value;
    if (isDone || Date.now() >= deadline) {
      return ok({ finished: isDone, ...(isDone ? {} : { next: "call wait again" }), ...value });
    }
    await new Promise((resolve) => setTimeout(resolve, agentLimits.waitPollMs));
  }
}

async function readState(
  client: FleetClient,
  id: string,
): Promise<Result<{ isDone: boolean; value: object }, string>> {
  if (id.startsWith("task_")) {
    const task = readValue(await client("GET /v1/tasks/:id", { id }));
    if (!task.ok) return task;
    const value = { ...task.value, output: shortened(task.value.output, 8_000) };
    return ok({ isDone: isTerminal(task.value.status), value });
  }
  const batch = readValue(await client("GET /v1/batches/:id", { id }));
  if (!batch.ok) return batch;
  return ok({ isDone: batch.value.status === "finished", value: batch.value });
}
