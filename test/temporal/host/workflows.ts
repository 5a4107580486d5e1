import { proxyActivities } from '@temporalio/workflow';

const { charge } = proxyActivities<{ charge: (amount: number) => Promise<string> }>({
  startToCloseTimeout: '10 s',
});

/** A workflow of the application. */
export async function order(amount: number): Promise<string> {
  return await charge(amount);
}
