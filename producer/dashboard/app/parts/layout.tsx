/** The frame of a page: its header, panels, facts, scrolling areas and the links between pages of a list. */
import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import { visibleLine } from "../text/visible.ts";

interface PageHeaderProps {
  title: string;
  /** Links to the parents of the page, such as the batch of a task. */
  parents?: ComponentChildren;
  details?: ComponentChildren;
  actions?: ComponentChildren;
}

export function PageHeader({ title, parents, details, actions }: PageHeaderProps) {
  useEffect(() => {
    document.title = `${title} · Flotilla`;
  }, [title]);
  return (
    <header class="head">
      {parents !== undefined && (
        <nav class="crumbs" aria-label="Parent pages">
          {parents}
        </nav>
      )}
      <div class="head-row">
        <h1>{title}</h1>
        {details}
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

export type Fact = readonly [name: string, value: ComponentChildren];

/** Names and values; facts without a value are left out. */
export function Facts({ facts }: { facts: readonly Fact[] }) {
  return (
    <dl class="facts">
      {facts.map(([name, value]) =>
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

/** Content that may be wider or longer than its place. It can have the focus, so the keyboard scrolls it. */
export function ScrollArea({ label, children }: { label: string; children: ComponentChildren }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: without it a keyboard cannot scroll.
    <section class="scroll" tabIndex={0} aria-label={visibleLine(label, 120)}>
      {children}
    </section>
  );
}

/** The links below a page of a list. */
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
        <span class="note">No older entries</span>
      ) : (
        <a class="button small" href={next}>
          Older →
        </a>
      )}
    </nav>
  );
}
