/**
 * Spans on the platform's tracing, which nests them by asynchronous context and exports them as OpenTelemetry. A
 * span that is not traced costs one property read: its attributes are not even built. No span has a prompt, an
 * answer, an argument or a URL.
 */

import { logBug } from "../../shared/platform/log.ts";

/** Only scalars, as in the platform's spans. */
export type Attributes = Record<string, string | number | boolean | undefined>;

/** A span whose work is running. */
export interface OpenSpan {
  /** The attributes are built only if the span is traced. */
  setAttributes(attributes: () => Attributes): void;
  /** Marks the work as failed with this code. */
  fail(code: string): void;
}

export interface Spans {
  /** Runs the work in a span, which ends with the work and fails if the work rejects. */
  run<T>(
    name: string,
    attributes: () => Attributes,
    work: (span: OpenSpan) => Promise<T>,
  ): Promise<T>;
}

/** The part of the platform's spans that is used. */
export interface NativeSpan {
  readonly isTraced: boolean;
  setAttributes(attributes: Attributes): unknown;
  setStatus(status: { code: "ok" | "error"; message?: string }): unknown;
}

export interface NativeTracing {
  enterSpan<T>(name: string, callback: (span: NativeSpan) => T): T;
}

const noSpan: OpenSpan = { setAttributes: () => {}, fail: () => {} };

/** For a runtime without tracing, replays and tests. */
export const noSpans: Spans = { run: (_name, _attributes, work) => work(noSpan) };

export function spansFor(tracing: NativeTracing | undefined): Spans {
  if (tracing === undefined) return noSpans;
  return {
    run: (name, attributes, work) =>
      tracing.enterSpan(name, async (span) => {
        if (!span.isTraced) return work(noSpan);
        const open = openSpan(span);
        open.setAttributes(attributes);
        try {
          return await work(open);
        } catch (error) {
          // Only the class: a message may quote a model or an upstream.
          open.fail(error instanceof Error ? error.name : "unknown");
          throw error;
        }
      }),
  };
}

function openSpan(span: NativeSpan): OpenSpan {
  return {
    setAttributes: (attributes) => ignoreErrors(() => span.setAttributes(attributes())),
    fail: (code) =>
      ignoreErrors(() => {
        span.setAttributes({ "error.type": code });
        span.setStatus({ code: "error", message: code });
      }),
  };
}

/** A failing span must not affect the work: older runtimes lack some of these calls. */
function ignoreErrors(call: () => unknown): void {
  try {
    call();
  } catch (error) {
    logBug("tracing", error);
  }
}
