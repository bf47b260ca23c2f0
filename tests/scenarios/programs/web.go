// A web server and a client: web serve ADDRESS DIRECTORY, web get URL... The client asks for each at the same time.
package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"sync"
	"time"
)

func get(url string) string {
	client := http.Client{Timeout: 10 * time.Second}
	answer, err := client.Get(url)
	if err != nil {
		return "failed"
	}
	defer answer.Body.Close()
	text, _ := io.ReadAll(answer.Body)
	return fmt.Sprintf("%d %s", answer.StatusCode, text)
}

func main() {
	if os.Args[1] == "serve" {
		if err := http.ListenAndServe(os.Args[2], http.FileServer(http.Dir(os.Args[3]))); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
	}
	urls := os.Args[2:]
	answers := make([]string, len(urls))
	var group sync.WaitGroup
	for i, url := range urls {
		group.Add(1)
		go func(i int, url string) { defer group.Done(); answers[i] = get(url) }(i, url)
	}
	group.Wait()
	for _, answer := range answers {
		fmt.Println(answer)
	}
}
