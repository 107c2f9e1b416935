// Package archtest has the tests of the structure itself: import layers, purity of the packages that decide, one home for
// each rule, and the editor's settings. It has no code of its own.
package archtest
