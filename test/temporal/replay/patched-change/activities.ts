/** What the example's workflow has done. */
export interface ExampleActivities {
  announce(): Promise<void>;
  deleteRows(): Promise<number>;
}
