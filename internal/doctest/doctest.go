// Package doctest runs the documentation. Its tests execute the commands of the Markdown pages in a copy of the project and
// compare what they print, and check links and pictures. They need curl, jq and Chromium, so they have the build tag
// "external"; make test-external runs them.
package doctest
