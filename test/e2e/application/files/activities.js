export async function charge(amount) {
  return `charged ${amount}`;
}
