/** The numbers of the fleet: its tasks by status, and what today's model calls cost. */
import type { ComponentChildren } from "preact";
import type { Stats } from "../../data/responses.ts";
import { RelativeTime } from "../../parts/inline.tsx";
import { compact, count, dollars } from "../../text/format.ts";

/** Null while the numbers are loading. */
export function Cards({ stats }: { stats: Stats | null }) {
  const counts = stats?.counts;
  return (
    <div class="cards">
      <Card
        name="Running"
        value={counts && count(counts.running)}
        tone="running"
        href="/tasks?status=running"
      />
      <Card
        name="Queued"
        value={counts && count(counts.queued)}
        tone="queued"
        href="/tasks?status=queued"
        note={<OldestQueued at={stats?.oldest_queued_at ?? null} />}
      />
      <Card
        name="Succeeded"
        value={counts && count(counts.succeeded)}
        tone="succeeded"
        href="/tasks?status=succeeded"
      />
      <Card
        name="Failed or dead"
        value={counts && count(counts.failed + counts.dead)}
        tone="failed"
        href="/tasks?status=failed"
        note={counts && `${count(counts.dead)} dead`}
      />
      <Card
        name="Spent today"
        value={stats && dollars(stats.spend_today.cost_usd)}
        tone="accent"
        note={stats && spendNote(stats.spend_today)}
      />
    </div>
  );
}

function OldestQueued({ at }: { at: string | null }) {
  if (at === null) return <>none waiting</>;
  return (
    <>
      oldest <RelativeTime iso={at} />
    </>
  );
}

function spendNote({ ceiling_usd: ceiling, tokens }: Stats["spend_today"]): string {
  const usedText = `${compact(tokens)} tokens`;
  return ceiling === null ? usedText : `of ${dollars(ceiling)}, ${usedText}`;
}

interface CardProps {
  name: string;
  value: string | null | undefined;
  tone: string;
  href?: string;
  note?: ComponentChildren;
}

function Card({ name, value, tone, href, note }: CardProps) {
  const content = (
    <>
      <span class="card-name">
        <span class={`swatch swatch-${tone}`} />
        {name}
      </span>
      <span class="card-value">{value ?? <span class="bone bone-value" />}</span>
      <span class="note">{note ?? " "}</span>
    </>
  );
  return href === undefined ? (
    <div class="card">{content}</div>
  ) : (
    <a class="card" href={href}>
      {content}
    </a>
  );
}
