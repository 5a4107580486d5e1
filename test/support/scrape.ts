/** Labels that the SDK adds to every metric. */
const OF_THE_SDK = /(?:namespace|taskQueue|activityType|workflowType)="[^"]*",?/g;

/** The values of all series that a worker exports, by name and our own labels. */
export async function readMetrics(address: string): Promise<ReadonlyMap<string, number>> {
  const response = await fetch(`http://${address}/metrics`);
  return new Map(
    (await response.text())
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line) => {
        const at = line.lastIndexOf(' ');
        const series = line
          .slice(0, at)
          .replaceAll(OF_THE_SDK, '')
          .replace(/,?}$/, '}')
          .replace('{}', '');
        return [series, Number(line.slice(at + 1))] as const;
      }),
  );
}
