/** Endpoints and proxies may repeat the key that they receive, in an error or in a reply. */

import type { ModelOutcome } from "../../../shared/models/model.ts";
import { isRecord } from "../../../shared/text/json.ts";
import { Scrubber } from "../../egress/scrub.ts";

/** Shorter keys are placeholders of local servers, such as `ollama`: replies may contain them as words. */
const replyKeyCharsMin = 12;

/** Removes the key from an outcome, in every spelling that the egress gateway removes from responses. */
export function keyRedactor(key: string | undefined): (outcome: ModelOutcome) => ModelOutcome {
  if (key === undefined || key === "") return (outcome) => outcome;
  const scrubber = new Scrubber([key], "[key]");
  return (outcome) =>
    outcome.ok && key.length < replyKeyCharsMin
      ? outcome
      : (scrubStrings(outcome, scrubber) as ModelOutcome);
}

/** Names of properties too: the arguments of a call are the model's. */
function scrubStrings(value: unknown, scrubber: Scrubber): unknown {
  if (typeof value === "string") return scrubber.scrubText(value);
  if (Array.isArray(value)) return value.map((item) => scrubStrings(item, scrubber));
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, part]) => [
      scrubber.scrubText(name),
      scrubStrings(part, scrubber),
    ]),
  );
}
