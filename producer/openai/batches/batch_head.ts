/** What applies to all tasks of a batch: the key's defaults, then the metadata. A line overrides both. */

import { err, ok, type Result } from "../../../shared/result.ts";
import type { Json } from "../../../shared/text/json.ts";
import type { Principal } from "../../auth/principal.ts";
import type { BatchHead } from "../../batches/accept.ts";
import { parseBatchHead } from "../../batches/batch_body.ts";
import type { ProducerEnv } from "../../env.ts";
import type { Problem } from "../../http/problem.ts";
import { taskProblem } from "../../tasks/check/check.ts";
import { loadCheckScope } from "../../tasks/check/check_scope.ts";
import { findTaskFaults } from "../../tasks/check/task_rules.ts";
import type { OpenAiBatchRequest } from "./batch_request.ts";
import { readMetadata } from "./metadata.ts";

export async function readBatchHead(
  env: ProducerEnv,
  principal: Principal,
  request: OpenAiBatchRequest,
): Promise<Result<BatchHead, Problem>> {
  const settings = readMetadata(request.metadata ?? {});
  if (!settings.ok) return err(taskProblem(settings.error));
  const { task, ...rest } = settings.value;
  const keyDefaults = JSON.parse(principal.key?.defaults ?? "{}") as Json;
  const expires_at = new Date(request.expires_at).toISOString();
  const head = parseBatchHead({ ...rest, defaults: { ...keyDefaults, ...task, expires_at } });
  if (!head.ok) return err(withMetadataPaths(head.error));
  const scope = await loadCheckScope(env, principal);
  const { defaults, webhook } = head.value;
  // Each line may name its own model or rehearsal; everything else is checked once, here.
  const names = Object.keys(defaults).filter((name) => name !== "model");
  const details = findTaskFaults({ ...defaults, prompt: "?" }, scope)
    .filter(({ path }) => names.includes(/^\w*/.exec(path)?.[0] ?? ""))
    .map((detail) => ({ ...detail, path: `metadata.${detail.path}` }));
  const webhookCheck = webhook === undefined ? ok(null) : scope.checkWebhook(webhook);
  if (!webhookCheck.ok) details.push({ path: "metadata.webhook", message: webhookCheck.error });
  if (details.length > 0) return err(taskProblem(details));
  return ok({ ...head.value, openai: request });
}

function withMetadataPaths(problem: Problem): Problem {
  if (problem.kind !== "refused") return problem;
  const details = problem.details.map((detail) => ({
    ...detail,
    path: detail.path.startsWith("defaults.")
      ? detail.path.replace("defaults.", "metadata.")
      : `metadata.${detail.path.replace(/^limits/, "batch_limits")}`,
  }));
  return taskProblem(details);
}
