/** What a slice needs and may fail to get: the first failure decides. */
import { findPolicy, type PolicyLookup, pinnedPolicy } from "../../policies/index.ts";
import type { Policy } from "../../policies/schema.ts";
import type { MessagePart } from "../../shared/models/model.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import { readPolicyText } from "../../shared/store/policies.ts";
import type { TaskRow } from "../../shared/store/tasks/task_row.ts";
import { type Failure, failure } from "../../shared/task/failures.ts";
import type { DurableTask } from "../../shared/task/task.ts";
import type { ConsumerConfig } from "../config/config.ts";
import { selectTools } from "../tools/catalog.ts";
import type { Tool } from "../tools/define.ts";
import type { OpenSlice } from "./open_slice.ts";
import { pendingFailureOf } from "./pending_failure.ts";
import { readPictures } from "./pictures.ts";

export interface Prepared {
  spec: DurableTask;
  policy: Policy;
  /** The tools from the catalog. */
  tools: readonly Tool[];
  /** Those among the files that the model is shown, as parts of its first message. */
  pictures: readonly MessagePart[];
}

export async function prepare(
  config: ConsumerConfig,
  task: TaskRow,
  { spec, journal }: OpenSlice,
): Promise<Result<Prepared, Failure>> {
  if (!spec.ok) return spec;
  const pending = pendingFailureOf(task, spec.value, journal.steps);
  if (pending !== null) return err(pending);
  const policy = await policyOf(config, task);
  if (!policy.ok) return policy;
  const tools = selectTools(spec.value.tools, task, config.env);
  if (!tools.ok) return err(failure("tool_unconfigured", tools.error));
  const pictures = await readPictures(spec.value, {
    bucket: config.env.OBJECTS,
    tenant: task.tenant,
    taskId: task.id,
    model: task.model,
    profileOf: config.profileOf,
  });
  if (!pictures.ok) return pictures;
  return ok({
    spec: spec.value,
    policy: policy.value,
    tools: tools.value,
    pictures: pictures.value,
  });
}

/** The text that the task's first claim pinned, while a policy of that name exists. */
async function policyOf(
  { env, policies, policyHashes, mode }: ConsumerConfig,
  { policy: name, policy_hash: pin, tenant }: TaskRow,
): Promise<Result<Policy, Failure>> {
  const hashes = JSON.parse(policyHashes) as Record<string, string>;
  if (pin === null || hashes[name] === pin)
    return policyResult(findPolicy(policies, name, tenant, mode));
  const text = await readPolicyText(env.DB, pin);
  if (text !== null) return policyResult(pinnedPolicy(policies, name, text, tenant, mode));
  const message = `The text that policy ${name} had at the first claim is gone; redrive the task with restart to pin the current one.`;
  return err(failure("policy_unknown", message));
}

const policyResult = (lookup: PolicyLookup): Result<Policy, Failure> =>
  lookup.ok ? ok(lookup.value.policy) : err(failure("policy_unknown", lookup.error.message));
