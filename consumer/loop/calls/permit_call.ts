/** Whether a call may start now: some wait for a person, who may change or deny them. */
import type { StepCall } from "../../../shared/task/step.ts";
import { endAfterWrite, type LoopEnd } from "../loop_end.ts";
import type { LoopSlice } from "../loop_slice.ts";
import { rejectedStep } from "./run_call.ts";

/** The call as it may run, with a sentence for the model if a person changed it, or how the turn ends. */
export type PermittedCall =
  | { call: StepCall; isApproved?: boolean; preface?: string }
  | { end: LoopEnd | null };

export async function permitCall(slice: LoopSlice, call: StepCall): Promise<PermittedCall> {
  const { journal, toolHost, approvals } = slice;
  const tool = toolHost.tools.get(call.name);
  if (tool === undefined || !approvals.needs(tool, call.arguments)) return { call };
  const answer = await approvals.ask(tool, call, journal.steps);
  switch (answer.kind) {
    case "run": {
      if (answer.edited === null) return { call, isApproved: true };
      const preface = `A person approved this call with other arguments: ${JSON.stringify(answer.edited)}`;
      return { call: { ...call, arguments: answer.edited }, isApproved: true, preface };
    }
    case "wait":
      return { end: { kind: "proposed", proposal: answer.proposal } };
    case "failed": {
      const { reason, message } = answer;
      return { end: { kind: "failed", reason, code: reason, message: `${call.name}: ${message}` } };
    }
    case "refused": {
      const draft = rejectedStep(call, journal.nextSeq, answer.text, { steps: 1 });
      return { end: endAfterWrite(await journal.write([draft], null)) };
    }
  }
}
