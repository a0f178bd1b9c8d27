/** Tools that submit work and look at it before it is paid for. */
import { Type } from "@sinclair/typebox";
import { agentLimits } from "../../shared/limits.ts";
import { ok } from "../../shared/result.ts";
import { type AgentTool, agentTool, readValue } from "./agent_tool.ts";

const strict = { additionalProperties: false } as const;
const Task = Type.Object(
  {},
  {
    additionalProperties: true,
    description: "a task: prompt, input, model, tools, policy, output_schema, limits, …",
  },
);
const Tasks = Type.Array(Task, { minItems: 1, maxItems: agentLimits.tasksPerCallMax });
const Defaults = Type.Optional(
  Type.Object({}, { additionalProperties: true, description: "fields that every task takes" }),
);

export const submitTools: readonly AgentTool[] = [
  agentTool({
    name: "dry_run",
    description:
      "Checks tasks without running them: what would be rejected, which secrets are missing, and what they may cost. Call it before submit_batch.",
    readOnly: true,
    input: Type.Object({ tasks: Tasks, defaults: Defaults }, strict),
    run: async (client, { tasks, defaults = {} }) =>
      readValue(
        await client("POST /v1/batches", { body: { tasks, defaults }, query: { dry_run: true } }),
      ),
  }),
  agentTool({
    name: "submit_batch",
    description:
      "Submits up to 1,000 tasks as one batch and returns its id. The same idempotency_key and tasks return the same batch.",
    readOnly: false,
    input: Type.Object(
      {
        tasks: Tasks,
        defaults: Defaults,
        labels: Type.Optional(Type.Record(Type.String(), Type.String())),
        idempotency_key: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
        max_cost_usd: Type.Optional(Type.Number({ exclusiveMinimum: 0 })),
      },
      strict,
    ),
    run: async (
      client,
      { tasks, defaults = {}, labels, idempotency_key: key, max_cost_usd: cost },
    ) => {
      const result = readValue(
        await client("POST /v1/batches", {
          body: {
            ...{ tasks, defaults },
            ...(labels === undefined ? {} : { labels }),
            ...(cost === undefined ? {} : { limits: { cost_usd: cost } }),
          },
          ...(key === undefined ? {} : { idempotencyKey: key }),
        }),
      );
      return result.ok ? ok({ next: "call wait with this id", batch: result.value }) : result;
    },
  }),
  agentTool({
    name: "submit_task",
    description: "Submits one task and returns its id.",
    readOnly: false,
    input: Type.Object({ task: Task, idempotency_key: Type.Optional(Type.String()) }, strict),
    run: async (client, { task, idempotency_key: key }) =>
      readValue(
        await client("POST /v1/tasks", {
          body: task,
          ...(key === undefined ? {} : { idempotencyKey: key }),
        }),
      ),
  }),
  agentTool({
    name: "create_eval",
    description:
      "Compares variants of a task over labelled rows: a batch for each variant, graded. Then call read_eval until it is finished.",
    readOnly: false,
    input: Type.Object(
      {
        evaluation: Type.Object(
          {},
          {
            additionalProperties: true,
            description: "rows, template, variants, graders, samples, margin: see docs/evals.md",
          },
        ),
      },
      strict,
    ),
    run: async (client, { evaluation }) =>
      readValue(
        await client("POST /v1/evals", {
          body: JSON.stringify(evaluation),
          type: "application/json",
        }),
      ),
  }),
];
