/** Journals the intent of a step with effects before the effect, so that a killed worker never repeats it. */

import type { EgressRow } from "../../shared/store/egress/egress_log.ts";
import { mustEnd } from "../../shared/store/tasks/journal.ts";
import type { StepCall } from "../../shared/task/step.ts";
import { intentStep } from "../loop/calls/run_call.ts";
import type { JournalWriter } from "../loop/journal/journal_writer.ts";

export class EffectGate {
  readonly #journal: Pick<JournalWriter, "write">;
  /** Steps with effects run one at a time, so there is at most one. */
  #step: { call: StepCall; seq: number; hasIntent: boolean } | null = null;

  constructor(journal: Pick<JournalWriter, "write">) {
    this.#journal = journal;
  }

  /** Starts a step. `hasIntent`: its intent is journaled already. */
  startStep(call: StepCall, seq: number, hasIntent: boolean): void {
    this.#step = { call, seq, hasIntent };
  }

  /** Starts a step of a tool that only reads: the gate lets no effect pass. */
  startReadOnlyStep(): void {
    this.#step = null;
  }

  /**
   * Journals the step's intent, if it is not yet, and the requests that are about to be sent. False when the
   * effect must not happen: the fence is lost, the task must end, or a tool that only reads tries to write.
   */
  async journalIntent(requests: readonly EgressRow[] = []): Promise<boolean> {
    const step = this.#step;
    if (step === null) return false;
    const drafts = step.hasIntent ? [] : [intentStep(step.call, step.seq)];
    if (drafts.length + requests.length === 0) return true;
    const result = await this.#journal.write(drafts, { seq: step.seq, rows: requests });
    if (!result.ok) return false;
    if (drafts.length > 0 && mustEnd(result.value)) return false;
    step.hasIntent = true;
    return true;
  }
}
