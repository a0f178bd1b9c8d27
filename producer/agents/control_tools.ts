/** Tools that change work which was submitted. Nothing here approves a call: that is for people. */
import { Type } from "@sinclair/typebox";
import { err } from "../../shared/result.ts";
import { type AgentTool, agentTool, readValue } from "./agent_tool.ts";

const strict = { additionalProperties: false } as const;

export const controlTools: readonly AgentTool[] = [
  agentTool({
    name: "redrive",
    description:
      'Runs tasks again that did not succeed: one task, or those of a batch by status and reason. dry_run only counts them. overrides replace fields, such as {"model": "…"}.',
    readOnly: false,
    input: Type.Object(
      {
        id: Type.String({ description: "the id of a task or batch" }),
        mode: Type.Union([Type.Literal("resume"), Type.Literal("restart")]),
        status: Type.Optional(Type.Array(Type.String())),
        reason: Type.Optional(Type.String()),
        overrides: Type.Optional(Type.Object({}, { additionalProperties: true })),
        dry_run: Type.Optional(Type.Boolean()),
      },
      strict,
    ),
    run: async (client, { id, mode, status, reason, overrides, dry_run }) => {
      const shared = { mode, ...(overrides === undefined ? {} : { overrides }) };
      if (id.startsWith("task_")) {
        if (status !== undefined || reason !== undefined || dry_run === true) {
          return err("`status`, `reason` and `dry_run` are for a batch: leave them out");
        }
        const body = JSON.stringify(shared);
        return readValue(
          await client("POST /v1/tasks/:id/redrive", { id, body, type: "application/json" }),
        );
      }
      const filter = {
        ...(status === undefined ? {} : { status }),
        ...(reason === undefined ? {} : { reason }),
        ...(dry_run === undefined ? {} : { dry_run }),
      };
      const body = JSON.stringify({ ...shared, ...filter });
      return readValue(
        await client("POST /v1/batches/:id/redrive", { id, body, type: "application/json" }),
      );
    },
  }),
  agentTool({
    name: "cancel",
    description: "Cancels a task, or all tasks of a batch that have not settled.",
    readOnly: false,
    input: Type.Object({ id: Type.String({ description: "the id of a task or batch" }) }, strict),
    run: async (client, { id }) =>
      id.startsWith("task_")
        ? readValue(await client("POST /v1/tasks/:id/cancel", { id }))
        : readValue(await client("POST /v1/batches/:id/cancel", { id })),
  }),
];
