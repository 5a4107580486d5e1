import { proxyActivities } from '@temporalio/workflow';

const { charge } = proxyActivities({ startToCloseTimeout: '10 s' });

export async function order(amount) {
  return await charge(amount);
}
