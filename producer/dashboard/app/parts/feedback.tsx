/** The state of a call: loading, failed, out of date or without content. */
import type { ComponentChildren } from "preact";
import type { CallError } from "../data/api.ts";
import type { Polled } from "../data/use_polled.ts";
import { relativeTime } from "../text/format.ts";
import { visibleLine } from "../text/visible.ts";

interface LoadedProps<T> {
  polled: Polled<T>;
  /** Lines of the placeholder. */
  lines?: number;
  children: (value: T) => ComponentChildren;
}

/** Shows the value; before there is one, a placeholder or the error. */
export function Loaded<T>({ polled, lines = 3, children }: LoadedProps<T>) {
  if (polled.value !== null) return <>{children(polled.value)}</>;
  if (polled.problem === null) return <Loading lines={lines} />;
  return <ErrorBanner problem={polled.problem} retry={polled.refresh} />;
}

export function Loading({ lines = 3 }: { lines?: number }) {
  return (
    <div class="loading" role="status" aria-label="Loading">
      {Array.from({ length: lines }, (_, n) => (
        <span key={n} class="bone" />
      ))}
    </div>
  );
}

export function EmptyState({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <p class="empty-title">{title}</p>
      {children}
    </div>
  );
}

/** A failed call, with the message of the API. */
export function ErrorBanner({ problem, retry }: { problem: CallError; retry?: () => void }) {
  return (
    <div class="banner banner-bad" role="alert">
      <div>
        <p>
          <strong>{problem.status === 404 ? "Not found" : "Request failed"}</strong>{" "}
          {visibleLine(problem.message, 600)}
        </p>
        {problem.details.length > 1 && <ErrorDetails details={problem.details} />}
      </div>
      {retry !== undefined && (
        <button type="button" class="small" onClick={retry}>
          Try again
        </button>
      )}
    </div>
  );
}

/** What is wrong in a rejected request, by line and field. */
export function ErrorDetails({ details }: { details: CallError["details"] }) {
  if (details.length === 0) return null;
  return (
    <ul>
      {details.slice(0, 10).map(({ line, path, message }) => (
        <li key={`${line} ${path} ${message}`}>
          {line !== undefined && `line ${line}: `}
          {path ? <code>{visibleLine(path, 100)}</code> : null} {visibleLine(message, 300)}
        </li>
      ))}
    </ul>
  );
}

/** While an earlier value is shown, a failed call is only a small note. */
export function StaleNotice({ polled }: { polled: Polled<unknown> }) {
  const { value, problem, at } = polled;
  if (value === null || problem === null || at === null) return null;
  return (
    <div class="banner banner-warn" role="status">
      <p>
        Shown as of {relativeTime(new Date(at).toISOString(), Date.now())}:{" "}
        {visibleLine(problem.message, 300)}
      </p>
    </div>
  );
}

/** A short message in a page's actions, such as the result of a click. */
export function ActionMessage({ message }: { message: string | null }) {
  if (message === null) return null;
  return (
    <span class="note" role="status">
      {visibleLine(message, 200)}
    </span>
  );
}
