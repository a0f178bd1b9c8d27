/** What every page is made of: its head, panels, facts, notes, pages of a list. */
import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { CallError } from "./api.ts";
import { dateTime, distance, shortId } from "./format.ts";
import { visibleLine } from "./visible.ts";

interface HeadProps {
  title: string;
  /** What stands before it, such as the batch of a task. */
  above?: ComponentChildren;
  beside?: ComponentChildren;
  actions?: ComponentChildren;
}

export function Head({ title, above, beside, actions }: HeadProps) {
  useEffect(() => {
    document.title = `${title} · Flotilla`;
  }, [title]);
  return (
    <header class="head">
      {above !== undefined && (
        <nav class="crumbs" aria-label="Where this is">
          {above}
        </nav>
      )}
      <div class="head-row">
        <h1>{title}</h1>
        {beside}
        {actions !== undefined && <div class="actions">{actions}</div>}
      </div>
    </header>
  );
}

interface PanelProps {
  title?: string;
  note?: ComponentChildren;
  actions?: ComponentChildren;
  flush?: boolean;
  children: ComponentChildren;
}

export function Panel({ title, note, actions, flush = false, children }: PanelProps) {
  return (
    <section class={flush ? "panel panel-flush" : "panel"}>
      {title !== undefined && (
        <div class="panel-head">
          <h2>{title}</h2>
          {note !== undefined && <span class="note">{note}</span>}
          {actions !== undefined && <div class="actions">{actions}</div>}
        </div>
      )}
      {children}
    </section>
  );
}

/** Names and values; those without a value are left out. */
export function Facts({ of }: { of: readonly (readonly [string, ComponentChildren])[] }) {
  return (
    <dl class="facts">
      {of.map(([name, value]) =>
        value === null || value === undefined || value === "" ? null : (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ),
      )}
    </dl>
  );
}

/** What may be wider or longer than its place: it scrolls, so the keyboard must reach it. */
export function Scroll({ label, children }: { label: string; children: ComponentChildren }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: without it a keyboard cannot scroll.
    <section class="scroll" tabIndex={0} aria-label={visibleLine(label, 120)}>
      {children}
    </section>
  );
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

export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <p class="empty-title">{title}</p>
      {children}
    </div>
  );
}

/** What is wrong with what was sent, by line and field. */
export function Faults({ of: faults }: { of: CallError["details"] }) {
  if (faults.length === 0) return null;
  return (
    <ul>
      {faults.slice(0, 10).map((fault) => (
        <li key={`${fault.line} ${fault.path} ${fault.message}`}>
          {fault.line !== undefined && `line ${fault.line}: `}
          {fault.path ? <code>{visibleLine(fault.path, 100)}</code> : null}{" "}
          {visibleLine(fault.message, 300)}
        </li>
      ))}
    </ul>
  );
}

/** A call that failed, in the fleet's own words, and what can be done. */
export function Failed({ problem, retry }: { problem: CallError; retry?: () => void }) {
  return (
    <div class="banner banner-bad" role="alert">
      <div>
        <p>
          <strong>{problem.status === 404 ? "Not found" : "That did not work"}</strong>{" "}
          {visibleLine(problem.message, 600)}
        </p>
        {problem.details.length > 1 && <Faults of={problem.details} />}
      </div>
      {retry !== undefined && (
        <button type="button" class="small" onClick={retry}>
          Try again
        </button>
      )}
    </div>
  );
}

/** While there is an old answer, a look that failed is a small note beside it. */
export function Stale({ problem, at }: { problem: CallError | null; at: number | null }) {
  if (problem === null || at === null) return null;
  return (
    <div class="banner banner-warn" role="status">
      <p>
        Shown as of {distance(new Date(at).toISOString(), Date.now())}:{" "}
        {visibleLine(problem.message, 300)}
      </p>
    </div>
  );
}

const tickMs = 1_000;

/** A time as a distance that keeps up, with the date in its title. */
export function When({ iso }: { iso: string }) {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => document.hidden || setNow(Date.now()), tickMs);
    return () => clearInterval(timer);
  }, []);
  return (
    <time dateTime={iso} title={dateTime(iso)}>
      {distance(iso, now)}
    </time>
  );
}

/** A name that somebody chose, such as a model's or a policy's. */
export const Code = ({ of, max = 80 }: { of: string; max?: number }) => (
  <code>{visibleLine(of, max)}</code>
);

/** An id that can be copied and told apart. */
export function Id({ id, href }: { id: string; href?: string }) {
  const short = <code title={id}>{shortId(id)}</code>;
  return href === undefined ? short : <a href={href}>{short}</a>;
}

export function Copy({ text, what }: { text: string; what: string }) {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(text).catch(() => undefined);
    setCopied(true);
    setTimeout(() => setCopied(false), 1_500);
  };
  return (
    <button type="button" class="small quiet" onClick={() => void copy()} title={text}>
      {copied ? "Copied" : `Copy ${what}`}
    </button>
  );
}

/** The foot of a list that has pages. */
export function Pager({ first, next }: { first: string | null; next: string | null }) {
  if (first === null && next === null) return null;
  return (
    <nav class="pager" aria-label="Pages">
      {first === null ? (
        <span />
      ) : (
        <a class="button small" href={first}>
          ← Newest
        </a>
      )}
      {next === null ? (
        <span class="note">The end</span>
      ) : (
        <a class="button small" href={next}>
          Older →
        </a>
      )}
    </nav>
  );
}
