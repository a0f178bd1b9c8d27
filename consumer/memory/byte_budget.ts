/**
 * The bytes that the tasks of one isolate hold together: transcripts, files, replies, answers in flight. A task
 * that would pass the limit waits. Never a deadlock: the task that came first waits for no call, and of its answers
 * one waits for nothing, so the task ends and another is the first. Beyond the limit there is at most what that one
 * task needs.
 */

/** `call`: a model call or a program, with its copies. `answer`: a response while it is read, also within a call. */
export type LoanKind = "call" | "answer";

/** What ends a wait; a wait without both ends with room only. */
export interface Wait {
  signal?: AbortSignal;
  msMax?: number;
}

export class ByteBudget {
  readonly #bytesMax: number;
  /** In the order of arrival. */
  readonly #shares = new Set<MemoryShare>();
  #changed = Promise.withResolvers<void>();

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** One share for each slice; it must be closed. */
  open(): MemoryShare {
    const share = new MemoryShare(this);
    this.#shares.add(share);
    return share;
  }

  get bytes(): number {
    let sum = 0;
    for (const share of this.#shares) sum += share.bytes;
    return sum;
  }

  hasRoom(bytes: number): boolean {
    return this.bytes + bytes <= this.#bytesMax;
  }

  isFirst(share: MemoryShare): boolean {
    return this.#shares.values().next().value === share;
  }

  remove(share: MemoryShare): void {
    this.#shares.delete(share);
    this.notify();
  }

  /** Wakes what waits: something became free. */
  notify(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }

  /**
   * Resolves to true once `tryTake` took its bytes, or to false when the signal aborts or the time is over.
   * `tryTake` checks and takes in one step, so that two waits never take the same room.
   */
  async until(tryTake: () => boolean, { signal, msMax }: Wait): Promise<boolean> {
    if (tryTake()) return true;
    const ended = Promise.withResolvers<void>();
    let isOver = signal?.aborted === true;
    const end = () => {
      isOver = true;
      ended.resolve();
    };
    const timer = msMax === undefined ? undefined : setTimeout(end, msMax);
    signal?.addEventListener("abort", end, { once: true });
    let isTaken = false;
    while (!isOver && !isTaken) {
      await Promise.race([this.#changed.promise, ended.promise]);
      isTaken = !isOver && tryTake();
    }
    clearTimeout(timer);
    signal?.removeEventListener("abort", end);
    return isTaken;
  }
}

/** The bytes that one slice holds, and its loans. */
export class MemoryShare {
  readonly #budget: ByteBudget;
  /** In the order of their start. */
  readonly #loans = new Set<Loan>();
  #heldBytes = 0;

  constructor(budget: ByteBudget) {
    this.#budget = budget;
  }

  get bytes(): number {
    let sum = this.#heldBytes;
    for (const loan of this.#loans) sum += loan.bytes;
    return sum;
  }

  /** Waits until the task's first bytes fit, or it is the first. False: give the task back. */
  async admit(bytes: number, wait: Wait): Promise<boolean> {
    return this.#budget.until(() => {
      const canStart = this.#budget.isFirst(this) || this.#budget.hasRoom(bytes);
      if (canStart) this.hold(bytes);
      return canStart;
    }, wait);
  }

  /** Sets what the task holds between its calls: its transcript and its files. */
  hold(bytes: number): void {
    const isLess = bytes < this.#heldBytes;
    this.#heldBytes = bytes;
    if (isLess) this.#budget.notify();
  }

  /** True when the isolate holds too much and this task has to make room at its next turn. */
  get mustYield(): boolean {
    return !this.#budget.hasRoom(0) && !this.#budget.isFirst(this);
  }

  /** An empty loan. It must be returned. */
  lend(kind: LoanKind): Loan {
    const loan = new Loan(
      kind,
      (bytes) => this.#canTake(loan, bytes),
      this.#budget,
      () => {
        this.#loans.delete(loan);
        this.#budget.notify();
      },
    );
    this.#loans.add(loan);
    return loan;
  }

  close(): void {
    this.#loans.clear();
    this.#budget.remove(this);
  }

  #canTake(loan: Loan, bytes: number): boolean {
    if (this.#budget.hasRoom(bytes)) return true;
    if (!this.#budget.isFirst(this)) return false;
    if (loan.kind === "call") return true;
    for (const other of this.#loans)
      if (other.kind === "answer" && other.isActive) return other === loan;
    return true;
  }
}

/** Bytes for the time of one call or one answer. */
export class Loan {
  readonly kind: LoanKind;
  readonly #canTake: (bytes: number) => boolean;
  readonly #budget: ByteBudget;
  readonly #end: () => void;
  #bytes = 0;
  #isActive = false;

  constructor(
    kind: LoanKind,
    canTake: (bytes: number) => boolean,
    budget: ByteBudget,
    end: () => void,
  ) {
    this.kind = kind;
    this.#canTake = canTake;
    this.#budget = budget;
    this.#end = end;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** False until it grows for the first time: a response that has not begun delays no other one. */
  get isActive(): boolean {
    return this.#isActive;
  }

  /** Waits until the loan may grow by that much. False when the wait ended first: then it did not grow. */
  async grow(bytes: number, wait: Wait): Promise<boolean> {
    this.#isActive = true;
    return this.#budget.until(() => {
      const canGrow = this.#canTake(bytes);
      if (canGrow) this.#bytes += bytes;
      return canGrow;
    }, wait);
  }

  /** Returns the loan's bytes. Calls after the first change nothing. */
  end(): void {
    this.#bytes = 0;
    this.#end();
  }
}
