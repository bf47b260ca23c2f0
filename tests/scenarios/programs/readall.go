// Reads every file below a directory, each in a goroutine of its own, and prints one sum; starts a program, too.
package main

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"sync"
)

func main() {
	var names []string
	filepath.WalkDir(os.Args[1], func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() {
			names = append(names, path)
		}
		return nil
	})
	sums := make([]string, len(names))
	var group sync.WaitGroup
	for i, name := range names {
		group.Add(1)
		go func(i int, name string) {
			defer group.Done()
			data, err := os.ReadFile(name)
			if err != nil {
				sums[i] = err.Error()
				return
			}
			info, _ := os.Stat(name)
			sums[i] = fmt.Sprintf("%s %d %x", name, info.Size(), sha256.Sum256(data))
		}(i, name)
	}
	group.Wait()
	sort.Strings(sums)
	all := sha256.New()
	for _, sum := range sums {
		fmt.Fprintln(all, sum)
	}
	fmt.Printf("%d files %x\n", len(names), all.Sum(nil))
	out, err := exec.Command("echo", "started").CombinedOutput()
	fmt.Print(string(out), err, "\n")
	_, err = os.Open("/no/such/file")
	fmt.Println(err)
}
