/** What a task that gave no answer leaves all the same: the model's last try, or its last words. */
import { storeLimits } from "../../../shared/limits.ts";
import type { Step } from "../../../shared/step.ts";
import { finalAnswerName } from "../../tools/catalog.ts";
import { capped } from "../conversation/tool_text.ts";

/** As a field of the task's error; nothing where the model never said anything. */
export function draftOf(steps: readonly Step[]): { draft?: string } {
  for (const { payload } of steps.toReversed()) {
    if (payload.kind !== "model" || payload.reply === null) continue;
    const { calls, text } = payload.reply;
    const tried = calls.findLast((call) => call.name === finalAnswerName);
    const said = tried?.arguments == null ? tried?.arguments_text : JSON.stringify(tried.arguments);
    const draft = said ?? text.trim();
    if (draft !== "") return { draft: capped(draft, storeLimits.draftCharsMax, "see its steps") };
  }
  return {};
}
