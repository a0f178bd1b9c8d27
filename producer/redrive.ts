/** Sends a settled task through again from the start, with its body changed where that is asked for. */
import { type Static, Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { batchLimits, taskLimits } from "../shared/limits.ts";
import { getText, objectKeys } from "../shared/objects.ts";
import { redrivable } from "../shared/states.ts";
import { type Restart, readWholeTask, restartTasks } from "../shared/store/redrives.ts";
import type { TaskRow } from "../shared/store/task_row.ts";
import { readSpec, readTask } from "../shared/store/tasks.ts";
import { DurableTask } from "../shared/task.ts";
import { archiveTranscript } from "../shared/transcript.ts";
import type { Principal } from "./auth.ts";
import { checkTask, refusedTask, withDefaults } from "./check.ts";
import { type CheckScope, scopeHere } from "./check_scope.ts";
import type { ProducerEnv } from "./env.ts";
import { groupsBySize } from "./expand.ts";
import { explain } from "./explain.ts";
import { done, notFound, type Outcome, refusedAt, stopped } from "./problem.ts";
import { sendTasks } from "./send.ts";
import { inputFaults } from "./stored_inputs.ts";

/** What a second run may differ in; who the task is (key, custom_id, labels) stays. */
export const Overrides = Type.Omit(
  DurableTask,
  ["idempotency_key", "custom_id", "labels", "priority", "not_before", "expires_at"],
  { additionalProperties: false },
);

const Redrive = Type.Object(
  {
    mode: Type.Union([Type.Literal("restart"), Type.Literal("resume")]),
    overrides: Type.Optional(Overrides),
  },
  { additionalProperties: false },
);

/** The task's body as it was accepted; null when it is gone from R2. */
export async function readBody(env: ProducerEnv, row: TaskRow): Promise<DurableTask | null> {
  const text =
    (await readSpec(env.DB, row.id)) ??
    (await getText(env.OBJECTS, objectKeys.spec(row.tenant, row.id)));
  return text === null ? null : (JSON.parse(text) as DurableTask);
}

/** The refusal of `resume`, for a task and for a batch. */
export const fromStartOnly = refusedAt(
  "mode",
  'this version redrives from the start only: write "restart"',
);

/** A settled task, as it stands, and what its next run is. */
export interface Again {
  row: TaskRow;
  restart: Restart;
}

export async function redrive(
  env: ProducerEnv,
  principal: Principal,
  { id, tenant }: TaskRow,
  body: unknown,
): Promise<Outcome<TaskRow>> {
  if (!Value.Check(Redrive, body)) return stopped(refusedTask(explain(Redrive, body)));
  if (body.mode === "resume") return stopped(fromStartOnly);
  const row = await readWholeTask(env.DB, tenant, id);
  if (row === null) return stopped(notFound("task"));
  if (!(redrivable as readonly string[]).includes(row.status)) {
    return stopped({
      kind: "conflict",
      message: `this task is ${row.status}; only one that is ${redrivable.join(", ")} can be redriven`,
    });
  }
  const next = await again(env, await scopeHere(env, principal), row, body.overrides);
  if (!next.ok) return next;
  const details = await inputFaults(env, tenant, body.overrides ?? {});
  if (details.length > 0) return stopped(refusedTask(details));
  const restarted = await restartAll(env, tenant, [next.value]);
  const after = await readTask(env.DB, tenant, id);
  if (restarted === 1 && after !== null) return done(after);
  return stopped({
    kind: "conflict",
    message:
      "this task was redriven at the same moment: look at it before you send it through again",
  });
}

/** The next run of a settled task, checked as a new task would be. `row` holds its body. */
export async function again(
  env: ProducerEnv,
  scope: CheckScope,
  row: TaskRow,
  overrides: Static<typeof Overrides> | undefined,
): Promise<Outcome<Again>> {
  const text = row.spec ?? (await getText(env.OBJECTS, objectKeys.spec(row.tenant, row.id)));
  if (text === null) {
    return stopped({ kind: "conflict", message: "this task's body is gone: submit it anew" });
  }
  const { not_before: _, expires_at: __, ...kept } = JSON.parse(text) as DurableTask;
  const changed = withDefaults(kept, overrides ?? {});
  // A task that named no model keeps the one it was given when it was accepted.
  const model = changed.model ?? row.model;
  const checked = checkTask({ ...changed, model }, scope);
  if (!checked.ok) return stopped(refusedTask(checked.details));
  const spec = JSON.stringify(changed);
  if (new TextEncoder().encode(spec).byteLength > taskLimits.bodyBytesMax) {
    return stopped({
      kind: "too_large",
      message: `the task with its overrides is over ${taskLimits.bodyBytesMax} bytes`,
    });
  }
  const restart: Restart = {
    id: row.id,
    fence: row.fence,
    spec: overrides === undefined ? null : spec,
    model,
    policy: changed.policy ?? row.policy,
    sandbox: changed.sandbox ?? row.sandbox,
    attempts: changed.attempts ?? row.attempts,
  };
  return done({ row, restart });
}

/**
 * Old transcripts to R2, then the rows, then the messages; answers how many this call restarted. A
 * changed body stands in the row whatever its size (a row holds 2 MB): one in R2 could not be replaced
 * under the fence, and a lost race would leave it to the other run.
 */
export async function restartAll(
  env: ProducerEnv,
  tenant: string,
  agains: readonly Again[],
): Promise<number> {
  const atOnce = batchLimits.expandPutsAtOnceMax;
  for (let from = 0; from < agains.length; from += atOnce) {
    const group = agains.slice(from, from + atOnce);
    await Promise.all(group.map(({ row }) => archiveTranscript(env.OBJECTS, row)));
  }
  let restarted = 0;
  for (const group of groupsBySize(agains.map(({ restart }) => restart))) {
    restarted += (await restartTasks(env.DB, tenant, group)).length;
  }
  // All of them, also those that this call did not change: its first try may have been applied and unanswered.
  await sendTasks(
    env,
    agains.map(({ row, restart }) => ({ ...row, model: restart.model, not_before: null })),
  );
  return restarted;
}
