/**
 * Journals what a step is about to do: its requests before they are sent, and its intent before its first effect,
 * so that a killed worker leaves a trace of the ones and never repeats the others.
 */

import { mustEnd } from "../../shared/store/tasks/journal.ts";
import type { StepCall } from "../../shared/task/step.ts";
import type { Announcement } from "../egress/announcements.ts";
import { intentStep } from "../loop/calls/run_call.ts";
import type { EgressWrite, JournalWriter } from "../loop/journal/journal_writer.ts";

interface GatedStep {
  call: StepCall;
  seq: number;
  hasIntent: boolean;
  isApproved: boolean;
}

export class EffectGate {
  readonly #journal: Pick<JournalWriter, "write" | "nextSeq">;
  /** Whether a request with effects needs a call that a person approved. */
  readonly #needsApproval: boolean;
  /** Steps with effects run one at a time, so there is at most one. */
  #step: GatedStep | null = null;

  constructor(journal: Pick<JournalWriter, "write" | "nextSeq">, needsApproval = false) {
    this.#journal = journal;
    this.#needsApproval = needsApproval;
  }

  /** Starts a step. `hasIntent`: its intent is journaled already. `isApproved`: a person approved the call. */
  startStep(
    call: StepCall,
    seq: number,
    { hasIntent, isApproved }: { hasIntent: boolean; isApproved: boolean },
  ): void {
    this.#step = { call, seq, hasIntent, isApproved };
  }

  /** Whether the step may send requests with effects, as far as people decide. */
  get isPermitted(): boolean {
    return !this.#needsApproval || this.#step?.isApproved === true;
  }

  /** Starts a step of a tool that only reads: the gate lets no effect pass. */
  startReadOnlyStep(): void {
    this.#step = null;
  }

  /**
   * Journals the step's intent, if it is not yet. False when the effect must not happen: the fence is lost, the
   * task must end, or a tool that only reads tries to write.
   */
  async journalIntent(): Promise<boolean> {
    const step = this.#step;
    if (step === null) return false;
    return step.hasIntent || (await this.#writeIntent(step, null));
  }

  /** Journals a request before it is sent, and with effects also the intent. False: it must not be sent. */
  async journalRequest({ row, hasEffects, charge }: Announcement): Promise<boolean> {
    const step = this.#step;
    const egress = { seq: step?.seq ?? this.#journal.nextSeq, rows: [row], charge };
    if (hasEffects) return step !== null && (await this.#writeIntent(step, egress));
    return (await this.#journal.write([], egress)).ok;
  }

  async #writeIntent(step: GatedStep, egress: EgressWrite | null): Promise<boolean> {
    const drafts = step.hasIntent ? [] : [intentStep(step.call, step.seq)];
    const result = await this.#journal.write(drafts, egress);
    if (!result.ok) return false;
    if (drafts.length > 0 && mustEnd(result.value)) return false;
    step.hasIntent = true;
    return true;
  }
}
