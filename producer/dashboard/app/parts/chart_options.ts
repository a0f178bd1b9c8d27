/** How uPlot draws stacked bars. */
import uPlot from "uplot";

export interface ChartSeries {
  name: string;
  /** The name of a colour in style/base.css. */
  colour: string;
  values: readonly number[];
}

export const chartHeight = 168;
const barShare = 0.72;
const barWidthMax = 22;

/** uPlot draws each series from zero, so the highest is drawn first. */
export function stackSeries(
  times: readonly string[],
  series: readonly ChartSeries[],
): uPlot.AlignedData {
  const sums: number[][] = [];
  for (const { values } of series) {
    const below = sums.at(-1);
    sums.push(times.map((_, n) => (values[n] ?? 0) + (below?.[n] ?? 0)));
  }
  // A bar of value zero would show at the edges of the bar in front of it.
  const bars = sums.map((sum, seriesIndex) =>
    sum.map((value, n) => (series[seriesIndex]?.values[n] ? value : null)),
  );
  return [times.map((time) => Date.parse(time) / 1_000), ...bars.reverse()];
}

interface ChartStyle {
  series: readonly ChartSeries[];
  format: (value: number) => string;
  formatTime: (iso: string) => string;
  onHover: (index: number | null) => void;
}

export function chartOptions(element: HTMLElement, style: ChartStyle): uPlot.Options {
  const { series, format, formatTime, onHover } = style;
  const bars = uPlot.paths.bars?.({ size: [barShare, barWidthMax], radius: 0.15 });
  const stroke = colourOf(element, "text");
  const grid = { stroke: colourOf(element, "line"), width: 1 };
  const axis = { stroke, font: "11px system-ui", ticks: { show: false } };
  return {
    width: Math.max(200, element.clientWidth),
    height: chartHeight,
    padding: [8, 14, 0, 0],
    legend: { show: false },
    cursor: { y: false, points: { show: false }, drag: { x: false, y: false } },
    scales: {
      // Half a bar of space at both ends, or the first and the last bar are cut.
      x: { range: (plot, low, high) => [low - halfStep(plot), high + halfStep(plot)] },
      y: { range: (_plot, _low, high) => [0, (high > 0 ? high : 1) * 1.08] },
    },
    axes: [
      {
        ...axis,
        grid: { show: false },
        size: 26,
        space: 62,
        values: (_plot, splits) =>
          splits.map((seconds) => formatTime(new Date(seconds * 1_000).toISOString())),
      },
      {
        ...axis,
        grid,
        // As wide as the longest number: a small amount of dollars has nine characters.
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
    hooks: { setCursor: [({ cursor }) => onHover(cursor.idx ?? null)] },
  };
}

/** The value of a named colour in the current theme. */
function colourOf(element: HTMLElement, name: string): string {
  const probe = document.createElement("span");
  probe.className = `swatch swatch-${name}`;
  element.append(probe);
  const { backgroundColor } = getComputedStyle(probe);
  probe.remove();
  return backgroundColor;
}

/** Half of the time from one bar to the next, in seconds. */
function halfStep({ data: [times] }: uPlot): number {
  const [first = 0, second = first] = times;
  return (second - first) / 2;
}
