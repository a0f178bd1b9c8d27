/** What `fleet submit` says of a chain: the batch that is waited for, and tasks made of its results. Pure. */
import { type After, afterStatuses } from "../../../shared/schedule.ts";
import { terminalStatuses } from "../../../shared/states.ts";
import type { BatchAnswer } from "../../api/batches/responses.ts";
import { wrongUsage } from "../exit.ts";
import { parsedJson } from "../input.ts";
import { kindOf } from "../session.ts";
import { counted } from "./format.ts";

export interface ChainOptions {
  after?: string;
  afterStatus?: string;
}

/** The field `after`, or undefined where no chain is meant. */
export function afterOf({ after: batch, afterStatus }: ChainOptions): After | undefined {
  if (batch === undefined) {
    if (afterStatus === undefined) return undefined;
    throw wrongUsage("--after-status says which results of --after count: name that batch too");
  }
  if (kindOf(batch) !== "batch") {
    throw wrongUsage("--after takes the id of a batch: a task is waited for with its batch");
  }
  if (afterStatus === undefined) return { batch };
  const status = afterStatus.split(",").map((word) => {
    const known = terminalStatuses.find((one) => one === word.trim());
    if (known !== undefined) return known;
    throw wrongUsage(
      `--after-status ${word}: write, by comma, some of ${terminalStatuses.join(", ")}`,
    );
  });
  return { batch, status };
}

/** A batch's JSON body with the chain that the options name, which a body may not name once more. */
export function chained(body: string, file: string, after: After): string {
  const batch = parsedJson(body, file);
  if (typeof batch !== "object" || batch === null || Array.isArray(batch)) {
    throw wrongUsage(
      `${file} holds no batch: with --after write {"template": {…}} or {"tasks": […]}`,
    );
  }
  if ("after" in batch) throw wrongUsage(`${file} names its own "after": leave out --after`);
  return JSON.stringify({ ...batch, after });
}

/**
 * A batch of which each task is made of one result. Its `custom_id` is the id of the task whose result
 * it is: every result has one, and answers can be joined by it.
 */
export function templated(after: After, prompt: string, shared: Record<string, unknown>): string {
  return JSON.stringify({
    after,
    template: { ...shared, custom_id: "{{item.task_id}}", prompt },
  });
}

/** True where each result would get the same prompt. */
export const namesNoItem = (prompt: string): boolean => !/\{\{\s*item\b/.test(prompt);

/** What people are told of a batch that was just accepted. */
export function acceptedText({ id, counts, waiting, after }: BatchAnswer): string {
  const accepted = `${id}: ${counted(counts.total, "task")} accepted`;
  if (waiting !== true || after === undefined) return accepted;
  if (counts.total > 0) return `${accepted}, to begin when ${after.batch} is finished`;
  const counting = (after.status ?? afterStatuses).join(" or ");
  return `${id} waits for ${after.batch}: each ${counting} result makes a task`;
}
