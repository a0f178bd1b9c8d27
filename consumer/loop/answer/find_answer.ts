/** Where the answer is: in a reply, or at the end of the journal. */
import type { Quirk } from "../../../shared/models/quirks.ts";
import type { ModelPayload, OfferKind, Step, StepCall } from "../../../shared/task/step.ts";
import { finalAnswerName } from "../../tools/catalog.ts";
import {
  type AnswerForm,
  answerArguments,
  parseCandidates,
  parseWholeText,
  unwrapAnswer,
} from "./answer_form.ts";

type JournaledReply = NonNullable<ModelPayload["reply"]>;

/** A reply as an endpoint sent it, and as the journal holds it. */
type ReplyText = Pick<JournaledReply, "text" | "finish" | "quirks">;

/** The answer in a reply: its only call is a valid `final_answer`, or its text is an answer by itself. */
export function findAnswer(
  form: AnswerForm,
  offered: OfferKind,
  reply: ReplyText,
  calls: readonly StepCall[],
): { output: unknown; inText: boolean } | null {
  const only = calls.length === 1 ? calls[0] : undefined;
  if (only?.name === finalAnswerName && only.problem === null && only.arguments !== null) {
    return { output: unwrapAnswer(form, only.arguments), inText: false };
  }
  if (calls.length > 0 || !isWhole(reply) || reply.text.trim() === "") return null;
  if (form.plainText) return { output: { text: reply.text.trim() }, inText: true };
  const asText = offered === "json" || offered === "text";
  const candidates = asText ? parseCandidates(reply.text) : [parseWholeText(reply.text)];
  for (const candidate of candidates) {
    const args = answerArguments(form, candidate);
    if (args !== null) return { output: unwrapAnswer(form, args), inText: !asText };
  }
  return null;
}

/** A reply that was cut, filtered or repeats itself is not an answer, even if its text reads as one. */
const isWhole = ({ finish, quirks }: ReplyText): boolean =>
  finish === "stop" && !quirks.includes("text_repeats" satisfies Quirk);

/** An answer that the journal ends with. */
export interface WaitingAnswer {
  /** The number of the step whose reply holds the answer. */
  seq: number;
  /** The call that holds it; empty for a text. */
  callId: string;
  output: unknown;
  reply: JournaledReply;
}

/** The answer at the end of these steps: the first call without a result is `final_answer`, or the last text is one. */
export function findWaitingAnswer(form: AnswerForm, steps: readonly Step[]): WaitingAnswer | null {
  const at = steps.findLastIndex(({ payload }) => payload.kind === "model" && payload.reply);
  const step = steps[at];
  if (step?.payload.kind !== "model" || step.payload.reply === null) return null;
  const { reply, offered, answered } = step.payload;
  const closed = steps
    .slice(at + 1)
    .flatMap(({ payload, status }) =>
      payload.kind === "tool" && status !== "intent" ? [payload.call_id] : [],
    );
  const [open] = reply.calls.filter(({ id }) => !closed.includes(id));
  if (open !== undefined) {
    if (open.name !== finalAnswerName || open.problem !== null) return null;
    const output = unwrapAnswer(form, open.arguments ?? {});
    return { seq: step.seq, callId: open.id, output, reply };
  }
  if (answered !== true || closed.includes("")) return null;
  const answer = findAnswer(form, offered, reply, reply.calls);
  return answer === null ? null : { seq: step.seq, callId: "", output: answer.output, reply };
}
