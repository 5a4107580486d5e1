import { findDeployTools } from '../../../scripts/services/deploy-tools.ts';

/** Installs the programs once, and says in the run's own output why the tests are skipped. */
export async function setup(): Promise<void> {
  try {
    await findDeployTools();
  } catch (error) {
    console.log(`Skipped: image and chart, which need Go and pip. ${String(error)}`);
  }
}
