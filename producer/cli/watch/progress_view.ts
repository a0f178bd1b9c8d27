import { createRequire } from "node:module";
import { commandLineLimits } from "../../../shared/limits.ts";
import type { CliContext } from "../context.ts";
import { type Progress, progressText } from "./progress.ts";

/** Shows progress: a bar that redraws itself on a terminal, lines elsewhere. */
export interface ProgressView {
  show(progress: Progress): void;
  /** Shows a note with the progress, such as that the fleet does not answer. */
  note(text: string): void;
  stop(): void;
}

export function createProgressView(context: CliContext): ProgressView {
  return context.interactive ? progressBar(context) : progressLines(context);
}

function progressBar(context: CliContext): ProgressView {
  // Loaded only here, so that commands without a bar start faster.
  const require = createRequire(import.meta.url);
  const { SingleBar } = require("cli-progress") as typeof import("cli-progress");
  let text = "";
  const bar = new SingleBar({
    format: "{bar} {value}/{total}  {text}",
    barCompleteChar: "█",
    barIncompleteChar: "░",
    barsize: Math.max(10, Math.min(30, context.columns - 90)),
    hideCursor: true,
    clearOnComplete: false,
    linewrap: false,
    fps: 8,
    stream: process.stdout,
  });
  let isStarted = false;
  const showWaiting = waitingLine(context);
  return {
    show(progress) {
      if (progress.counts.total === 0) return showWaiting(progress);
      text = progressText(progress);
      if (!isStarted) bar.start(progress.counts.total, progress.done, { text });
      else {
        bar.setTotal(progress.counts.total);
        bar.update(progress.done, { text });
      }
      isStarted = true;
    },
    note(note) {
      if (isStarted) bar.update({ text: `${text} · ${note}` });
      else context.warn(`${note}\n`);
    },
    stop() {
      if (isStarted) bar.stop();
    },
  };
}

/** A batch that waits for another one has no tasks at first: it says why instead of 0/0. */
function waitingLine(context: CliContext): (progress: Progress) => void {
  let printedLine = "";
  return ({ pausedReason }) => {
    if (pausedReason === null || pausedReason === printedLine) return;
    printedLine = pausedReason;
    context.write(`${pausedReason}\n`);
  };
}

/** A line for each change, at most one per `watchLineMs`, and always the last one. */
function progressLines(context: CliContext): ProgressView {
  let printedLine = "";
  let printedAt = Number.NEGATIVE_INFINITY;
  let pending: string | null = null;
  const print = (text: string) => {
    context.write(`${text}\n`);
    printedLine = text;
    printedAt = context.now();
    pending = null;
  };
  const showWaiting = waitingLine(context);
  return {
    show(progress) {
      if (progress.counts.total === 0) return showWaiting(progress);
      const text = `${progress.done}/${progress.counts.total}  ${progressText(progress)}`.trimEnd();
      if (text === printedLine) return;
      if (context.now() - printedAt >= commandLineLimits.watchLineMs) print(text);
      else pending = text;
    },
    note(text) {
      context.warn(`${text}\n`);
    },
    stop() {
      if (pending !== null) print(pending);
    },
  };
}
