/** What a task without an answer leaves: the model's last attempt at an answer, or its last text. */
import { storeLimits } from "../../../shared/limits.ts";
import type { Step } from "../../../shared/task/step.ts";
import { finalAnswerName } from "../../tools/catalog.ts";
import { cutMiddle } from "../conversation/tool_text.ts";

/** The draft as a field of the task's error; empty if the model wrote nothing. */
export function findDraft(steps: readonly Step[]): { draft?: string } {
  for (const { payload } of steps.toReversed()) {
    if (payload.kind !== "model" || payload.reply === null) continue;
    // A judge's reply is about the answer, and no draft of one.
    if (payload.thread?.check !== undefined) continue;
    const { calls, text } = payload.reply;
    const call = calls.findLast(({ name }) => name === finalAnswerName);
    const args = call?.arguments == null ? call?.arguments_text : JSON.stringify(call.arguments);
    const draft = args ?? text.trim();
    if (draft !== "")
      return { draft: cutMiddle(draft, storeLimits.draftCharsMax, "see its steps") };
  }
  return {};
}
