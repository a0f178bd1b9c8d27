/** Small parts of a line: times, names, ids, labels. */
import { useEffect, useState } from "preact/hooks";
import { dateTime, relativeTime, shortId } from "../text/format.ts";
import { visibleLine } from "../text/visible.ts";

const tickMs = 1_000;

/** A time relative to now, kept up to date, with the date as its title. */
export function RelativeTime({ iso }: { iso: string }) {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => document.hidden || setNow(Date.now()), tickMs);
    return () => clearInterval(timer);
  }, []);
  return (
    <time dateTime={iso} title={dateTime(iso)}>
      {relativeTime(iso, now)}
    </time>
  );
}

/** An untrusted name, such as a model's or a policy's. */
export const Code = ({ text, charsMax = 80 }: { text: string; charsMax?: number }) => (
  <code>{visibleLine(text, charsMax)}</code>
);

/** A shortened id, with the whole one as its title. */
export function Id({ id, href }: { id: string; href?: string }) {
  const short = <code title={id}>{shortId(id)}</code>;
  return href === undefined ? short : <a href={href}>{short}</a>;
}

interface TaskLinkProps {
  id: string;
  customId: string | null;
  charsMax?: number;
}

/** A link to a task, by its custom id or else by its id. */
export function TaskLink({ id, customId, charsMax = 40 }: TaskLinkProps) {
  return (
    <a href={`/tasks/${id}`} title={id}>
      {customId === null ? <code>{shortId(id)}</code> : visibleLine(customId, charsMax)}
    </a>
  );
}

export function CopyButton({ text, what }: { text: string; what: string }) {
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

export function Labels({ labels }: { labels: Readonly<Record<string, string>> }) {
  const entries = Object.entries(labels);
  if (entries.length === 0) return null;
  return (
    <span class="labels">
      {entries.map(([key, value]) => (
        <span key={key} class="label">
          {visibleLine(key, 63)}={visibleLine(value, 40)}
        </span>
      ))}
    </span>
  );
}
