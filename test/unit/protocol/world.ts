export * from '../../../testkit/test-cluster.ts';
