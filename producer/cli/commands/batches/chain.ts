/** `fleet submit --after`: a batch that waits for another one, or makes its tasks from that one's results. */
import type { BatchHead } from "../../../../shared/task/batch.ts";
import type { After } from "../../../../shared/task/schedule.ts";
import { afterStatuses, terminalStatuses } from "../../../../shared/task/states.ts";
import type { BatchResponse } from "../../../api/batches/responses.ts";
import { usageError } from "../../exit.ts";
import { parseJson } from "../../input.ts";
import { countText } from "../../output/format.ts";
import { kindOf } from "../../session.ts";

export interface ChainOptions {
  after?: string;
  afterStatus?: string;
}

/** The field `after`, or undefined without --after. */
export function parseAfter({ after: batch, afterStatus }: ChainOptions): After | undefined {
  if (batch === undefined) {
    if (afterStatus === undefined) return undefined;
    throw usageError("--after-status selects results of --after: add --after <batch>");
  }
  if (kindOf(batch) !== "batch") {
    throw usageError("--after takes the id of a batch: to wait for a task, name its batch");
  }
  if (afterStatus === undefined) return { batch };
  const status = afterStatus.split(",").map((word) => {
    const status = terminalStatuses.find((terminal) => terminal === word.trim());
    if (status !== undefined) return status;
    throw usageError(
      `--after-status ${word}: use a comma-separated list of ${terminalStatuses.join(", ")}`,
    );
  });
  return { batch, status };
}

/** A batch's JSON body with the batch's fields and the tasks' fields added; the body must not have the former. */
export function addToBody(
  body: string,
  file: string,
  head: BatchHead,
  fields: Record<string, unknown>,
): string {
  const batch = parseJson(body, file);
  if (typeof batch !== "object" || batch === null || Array.isArray(batch)) {
    throw usageError(
      `${file} is not a batch: with options write {"template": {…}} or {"tasks": […]}`,
    );
  }
  const duplicateName = Object.keys(head).find((name) => name in batch);
  if (duplicateName !== undefined)
    throw usageError(
      `${file} has its own "${duplicateName}": leave out ${optionOf[duplicateName]}`,
    );
  if (Object.keys(fields).length === 0) return JSON.stringify({ ...batch, ...head });
  const place = "template" in batch ? "template" : "defaults";
  const inFile: unknown = Reflect.get(batch, place);
  const base = typeof inFile === "object" ? inFile : {};
  return JSON.stringify({ ...batch, ...head, [place]: { ...base, ...fields } });
}

/** The options that set a field of the batch. */
const optionOf: Readonly<Record<string, string>> = {
  after: "--after",
  limits: "--max-cost and --max-tokens",
  labels: "--label and --name",
  webhook: "--webhook",
};

/**
 * A batch with one task per result. The `custom_id` is the id of the task that has the result, so that the
 * outputs of both batches can be joined.
 */
export function templateBody(
  head: BatchHead,
  prompt: string,
  sharedFields: Record<string, unknown>,
): string {
  return JSON.stringify({
    ...head,
    template: { ...sharedFields, custom_id: "{{item.task_id}}", prompt },
  });
}

export const usesItem = (prompt: string): boolean => /\{\{\s*item\b/.test(prompt);

/** What `fleet submit` prints about an accepted batch. */
export function acceptedText({ id, counts, waiting, after }: BatchResponse): string {
  const firstLine = `${id}: ${countText(counts.total, "task")} accepted`;
  if (waiting !== true || after === undefined) return firstLine;
  if (counts.total > 0) return `${firstLine}, starting when ${after.batch} is finished`;
  const statuses = (after.status ?? afterStatuses).join(" or ");
  return `${id} waits for ${after.batch}: each ${statuses} result becomes a task`;
}
