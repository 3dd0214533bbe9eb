/** A page to serve at the root, and its configuration. */
export interface PageOptions {
  pageFolder: string | null;
  controlPort: number | null;
  publicUrl: string | null;
}
