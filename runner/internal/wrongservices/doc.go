// Package wrongservices has only tests: services that are wrong in one way each, which the features must fail, and services
// that lack a capability or are shared, which the features must pass.
package wrongservices
