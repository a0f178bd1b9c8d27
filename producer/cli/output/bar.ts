import { SingleBar } from "cli-progress";
import { commandLineLimits } from "../../../shared/limits.ts";
import type { CliContext } from "../surroundings.ts";
import { type Progress, progressText } from "./progress.ts";

/** Shows progress: a bar that redraws itself on a terminal, a line now and then elsewhere. */
export interface ProgressView {
  show(progress: Progress): void;
  /** Says something beside the progress, such as that the fleet is not answering. */
  note(text: string): void;
  stop(): void;
}

export function progressView(surroundings: CliContext): ProgressView {
  return surroundings.interactive ? liveBar(surroundings) : lines(surroundings);
}

function liveBar(surroundings: CliContext): ProgressView {
  let told = "";
  const bar = new SingleBar({
    format: "{bar} {value}/{total}  {text}",
    barCompleteChar: "█",
    barIncompleteChar: "░",
    barsize: Math.max(10, Math.min(30, surroundings.columns - 90)),
    hideCursor: true,
    clearOnComplete: false,
    linewrap: false,
    fps: 8,
    stream: process.stdout,
  });
  let started = false;
  return {
    show(progress) {
      told = progressText(progress);
      if (!started) bar.start(progress.counts.total, progress.done, { text: told });
      else {
        // A chain has no tasks before the other batch is finished.
        bar.setTotal(progress.counts.total);
        bar.update(progress.done, { text: told });
      }
      started = true;
    },
    note(text) {
      if (started) bar.update({ text: `${told} · ${text}` });
      else surroundings.warn(`${text}\n`);
    },
    stop() {
      if (started) bar.stop();
    },
  };
}

/** A line when something changed, at most one each `watchLineMs`, and always the last. */
function lines(surroundings: CliContext): ProgressView {
  let last = "";
  let lastAt = Number.NEGATIVE_INFINITY;
  let held: string | null = null;
  const print = (text: string) => {
    surroundings.write(`${text}\n`);
    last = text;
    lastAt = surroundings.now();
    held = null;
  };
  return {
    show(progress) {
      const text = `${progress.done}/${progress.counts.total}  ${progressText(progress)}`.trimEnd();
      if (text === last) return;
      if (surroundings.now() - lastAt >= commandLineLimits.watchLineMs) print(text);
      else held = text;
    },
    note(text) {
      surroundings.warn(`${text}\n`);
    },
    stop() {
      if (held !== null) print(held);
    },
  };
}
