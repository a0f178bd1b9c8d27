/** Sends a settled task through again from the start, with its body changed where that is asked for. */
import { Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { taskLimits } from "../shared/limits.ts";
import { getText, objectKeys } from "../shared/objects.ts";
import { redrivable } from "../shared/states.ts";
import type { TaskRow } from "../shared/store/task_row.ts";
import { readSpec, readTask, restartTask } from "../shared/store/tasks.ts";
import { DurableTask } from "../shared/task.ts";
import { archiveTranscript } from "../shared/transcript.ts";
import type { Principal } from "./auth.ts";
import { checkTask, refusedTask, withDefaults } from "./check.ts";
import { checkScope } from "./check_scope.ts";
import type { ProducerEnv } from "./env.ts";
import { explain } from "./explain.ts";
import { done, type Outcome, refusedAt, stopped } from "./problem.ts";
import { sendTasks } from "./send.ts";

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

export async function redrive(
  env: ProducerEnv,
  principal: Principal,
  row: TaskRow,
  body: unknown,
): Promise<Outcome<TaskRow>> {
  if (!Value.Check(Redrive, body)) return stopped(refusedTask(explain(Redrive, body)));
  if (body.mode === "resume") {
    const message = 'this version redrives from the start only: write "restart"';
    return stopped(refusedAt("mode", message));
  }
  if (!(redrivable as readonly string[]).includes(row.status)) {
    return stopped({
      kind: "conflict",
      message: `this task is ${row.status}; only one that is ${redrivable.join(", ")} can be redriven`,
    });
  }
  const old = await readBody(env, row);
  if (old === null) {
    return stopped({ kind: "conflict", message: "this task's body is gone: submit it anew" });
  }
  const { not_before: _, expires_at: __, ...kept } = old;
  const changed = withDefaults(kept, body.overrides ?? {});
  // A task that named no model keeps the one it was given when it was accepted.
  const checked = checkTask(
    { ...changed, model: changed.model ?? row.model },
    checkScope(env, principal),
  );
  if (!checked.ok) return stopped(refusedTask(checked.details));
  const spec = JSON.stringify(changed);
  if (new TextEncoder().encode(spec).byteLength > taskLimits.bodyBytesMax) {
    return stopped({
      kind: "too_large",
      message: `the task with its overrides is over ${taskLimits.bodyBytesMax} bytes`,
    });
  }
  return restart(env, row, body.overrides === undefined ? null : spec, changed);
}

/**
 * A changed body stands in the row whatever its size (a row holds 2 MB): one in R2 could not be
 * replaced under the fence, and a lost race would leave it to the other run.
 */
async function restart(
  env: ProducerEnv,
  row: TaskRow,
  spec: string | null,
  task: DurableTask,
): Promise<Outcome<TaskRow>> {
  const model = task.model ?? row.model;
  await archiveTranscript(env.DB, env.OBJECTS, row);
  const restarted = await restartTask(env.DB, row.tenant, row.id, row.fence, {
    spec,
    model,
    policy: task.policy ?? row.policy,
    sandbox: task.sandbox ?? row.sandbox,
    attempts: task.attempts ?? row.attempts,
  });
  const after = await readTask(env.DB, row.tenant, row.id);
  // Sent even when this call changed nothing: its first try may have been applied and unanswered.
  if (after?.status === "queued") await sendTasks(env, [{ ...after, not_before: null }]);
  if (restarted && after !== null) return done(after);
  return stopped({
    kind: "conflict",
    message:
      "this task was redriven at the same moment: look at it before you send it through again",
  });
}
