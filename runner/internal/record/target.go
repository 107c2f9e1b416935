package record

import "fmt"

// BuiltIn is the target of a run that starts the fake server itself.
const BuiltIn = "the built-in fake server"

// Through returns a target with the proxy before it, if there is one.
func Through(target, proxy string) string {
	if proxy == "" {
		return target
	}
	return target + ", through the proxy " + proxy
}

// RepeatSeed returns the seed of the nth of several runs with one seed: the first has the seed itself.
func RepeatSeed(seed string, n int) string {
	if n == 1 {
		return seed
	}
	return fmt.Sprintf("%s-%d", seed, n)
}
