// The memory of one consumer isolate, which the platform limits to 128 MB.

/** Sizes are estimates from above of what a task holds: see docs/memory.md. */
export const memoryLimits = {
  /** Of all tasks together. Only the first task may pass it, by what it needs itself. */
  isolateBytesMax: 20_000_000,
  /** The messages of one delivery. */
  slots: 4,
  /** A task before its first step. */
  taskBytes: 64_000,
  modelCallBytes: 32_000,
  toolCallBytes: 40_000,
  tokenBytes: 12,
  /** A request's body is held as text and as bytes, next to the conversation. */
  requestFactor: 1.5,
  /** A reply is held as bytes, as text and as its parsed value. */
  replyFactor: 3,
  /** An answer is held as it is received, and whole. */
  answerFactor: 2,
  /** A program's files are held in the copy that is sent, and in the changes that come back. */
  runFactor: 2,
  /** How long a task waits for room before it is given back, and when it comes back. */
  waitMsMax: 10_000,
  giveBackMs: 5_000,
} as const;
