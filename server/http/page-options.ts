/** A page to be served at the root, and what it is told. */
export interface PageOptions {
  pageFolder: string | null;
  controlPort: number | null;
  publicUrl: string | null;
}
