/** Bars over time, drawn by uPlot. The same figures stand in words beside it, for who does not see it. */
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { onTheme } from "./theme.ts";

export interface Bars {
  name: string;
  /** The name of a colour in style/base.css. */
  colour: string;
  values: readonly number[];
}

interface Props {
  title: string;
  /** The beginning of each bar, ISO 8601. */
  times: readonly string[];
  /** Stacked on each other, the first at the bottom. */
  series: readonly Bars[];
  format: (value: number) => string;
  /** How the time of a bar is told, below it and while it is pointed at. */
  when: (iso: string) => string;
}

const height = 168;

export function Chart({ title, times, series, format, when }: Props) {
  const place = useRef<HTMLDivElement>(null);
  const [hovered, setHovered] = useState<number | null>(null);
  const [themed, setThemed] = useState(0);
  useEffect(() => onTheme(() => setThemed((count) => count + 1)), []);
  const shape = series.map(({ name }) => name).join(" ");
  const data = useMemo(() => stacked(times, series), [times, series]);
  const plot = useRef<uPlot | null>(null);
  const latest = useRef(format);
  latest.current = format;

  // Drawn anew when its series or colours change; when its figures do, it is only fed.
  useEffect(() => {
    const element = place.current;
    if (element === null) return;
    const drawn = new uPlot(
      options(element, series, (value) => latest.current(value), when, setHovered),
      data,
      element,
    );
    plot.current = drawn;
    const watch = new ResizeObserver(() => {
      if (element.clientWidth > 0) drawn.setSize({ width: element.clientWidth, height });
    });
    watch.observe(element);
    return () => {
      watch.disconnect();
      drawn.destroy();
      plot.current = null;
    };
  }, [shape, themed]);

  useEffect(() => plot.current?.setData(data), [data]);

  const sums = series.map(({ values }) => values.reduce((sum, value) => sum + value, 0));
  const told = (index: number | null) =>
    series.map(({ values }, n) => format(index === null ? (sums[n] ?? 0) : (values[index] ?? 0)));
  const at = hovered === null ? null : (times[hovered] ?? null);
  const words = series.map(({ name }, n) => `${name} ${format(sums[n] ?? 0)}`).join(", ");
  return (
    <figure class="chart">
      <figcaption>
        <span class="chart-title">{title}</span>
        <span class="chart-when">{at === null ? "in all" : when(at)}</span>
        {series.map(({ name, colour }, n) =>
          n > 0 && sums[n] === 0 ? null : (
            <span key={name} class="chart-key">
              <span class={`swatch swatch-${colour}`} />
              {name} <strong>{told(at === null ? null : hovered)[n]}</strong>
            </span>
          ),
        )}
      </figcaption>
      <div ref={place} class="chart-place" role="img" aria-label={`${title}: ${words}`} />
    </figure>
  );
}

/** uPlot draws each series from the ground up, so the highest is drawn first. */
function stacked(times: readonly string[], series: readonly Bars[]): uPlot.AlignedData {
  const sums: number[][] = [];
  for (const { values } of series) {
    const below = sums.at(-1);
    sums.push(times.map((_, n) => (values[n] ?? 0) + (below?.[n] ?? 0)));
  }
  // A bar that adds nothing would only shine through at the edges of the one before it.
  const bars = sums.map((sum, at) => sum.map((value, n) => (series[at]?.values[n] ? value : null)));
  return [times.map((time) => Date.parse(time) / 1_000), ...bars.reverse()];
}

/** What the browser makes of a colour's name in the theme that holds. */
function colourOf(element: HTMLElement, name: string): string {
  const probe = document.createElement("span");
  probe.className = `swatch swatch-${name}`;
  element.append(probe);
  const { backgroundColor } = getComputedStyle(probe);
  probe.remove();
  return backgroundColor;
}

/** Half of the time from one bar to the next, in seconds. */
function halfOf({ data: [times] }: uPlot): number {
  const [first = 0, second = first] = times;
  return (second - first) / 2;
}

const barShare = 0.72;
const barWidthMax = 22;

function options(
  element: HTMLElement,
  series: readonly Bars[],
  format: (value: number) => string,
  when: (iso: string) => string,
  hover: (index: number | null) => void,
): uPlot.Options {
  const bars = uPlot.paths.bars?.({ size: [barShare, barWidthMax], radius: 0.15 });
  const text = colourOf(element, "text");
  const line = colourOf(element, "line");
  const axis = { stroke: text, font: "11px system-ui", grid: { stroke: line, width: 1 } };
  return {
    width: Math.max(200, element.clientWidth),
    height,
    padding: [8, 14, 0, 0],
    legend: { show: false },
    cursor: { y: false, points: { show: false }, drag: { x: false, y: false } },
    scales: {
      // Half a bar's room at both ends, or the first and the last are cut.
      x: { range: (plot, low, high) => [low - halfOf(plot), high + halfOf(plot)] },
      y: { range: (_plot, _low, high) => [0, (high > 0 ? high : 1) * 1.08] },
    },
    axes: [
      {
        ...axis,
        grid: { show: false },
        ticks: { show: false },
        size: 26,
        space: 62,
        values: (_plot, splits) => splits.map((at) => when(new Date(at * 1_000).toISOString())),
      },
      {
        ...axis,
        ticks: { show: false },
        // As wide as the longest figure: a small amount of dollars has nine characters.
        size: 64,
        splits: (_plot, _axis, low, high) => [low, high / 2.16, high / 1.08],
        values: (_plot, splits) => splits.map((value) => format(value)),
      },
    ],
    series: [
      {},
      ...[...series].reverse().map(({ colour }) => ({
        fill: colourOf(element, colour),
        width: 0,
        points: { show: false },
        ...(bars === undefined ? {} : { paths: bars }),
      })),
    ],
    hooks: { setCursor: [({ cursor }) => hover(cursor.idx ?? null)] },
  };
}
