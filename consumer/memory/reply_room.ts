import { memoryLimits } from "../../shared/limits.ts";
import type { Loan } from "./byte_budget.ts";

/** The room of one reply. Most fit into what was lent before the call; a larger one has to find more. */
export class ReplyRoom {
  readonly #loan: Loan;
  #bytesLeft: number;
  #isFull = false;

  constructor(loan: Loan, outputTokensMax: number) {
    this.#loan = loan;
    this.#bytesLeft = memoryLimits.tokenBytes * outputTokensMax;
  }

  /** True once the reply was broken off because there was no room for it. */
  get isFull(): boolean {
    return this.#isFull;
  }

  /** Waits for the room of a received chunk. False: the reply must be broken off. */
  async take(chunkBytes: number, signal: AbortSignal): Promise<boolean> {
    const bytes = memoryLimits.replyFactor * chunkBytes;
    const missing = Math.max(0, bytes - this.#bytesLeft);
    this.#bytesLeft = Math.max(0, this.#bytesLeft - bytes);
    if (missing === 0) return true;
    const hasRoom = await this.#loan.grow(missing, { signal, msMax: memoryLimits.waitMsMax });
    this.#isFull ||= !hasRoom && !signal.aborted;
    return hasRoom;
  }
}
