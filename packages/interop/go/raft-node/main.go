// Command raft-node is one server of a small cluster on github.com/hashicorp/raft, in its default
// configuration. The README of this module describes its arguments and its HTTP interface.
package main

import (
	"flag"
	"io"
	"log"
	"net/http"
	"os"
)

func main() {
	id := flag.String("id", "", "which of the servers this is")
	servers := flag.String("servers", "", "all servers of the cluster: ID=ADDR,ID=ADDR,...")
	data := flag.String("data", "", "the directory of the log")
	address := flag.String("http", "", "where to listen for writes and questions: HOST:PORT")
	flag.Parse()

	peers, err := parseServers(*servers)
	if err != nil || *id == "" || *data == "" || *address == "" {
		log.Print("raft-node needs --id, --servers, --data and --http")
		os.Exit(2)
	}
	node, err := startNode(*id, peers, *data)
	if err != nil {
		log.Fatal(err)
	}
	go exitWithParent()
	log.Fatal(http.ListenAndServe(*address, handler(node)))
}

// exitWithParent ends the program with its standard input, so that it never outlives what started it.
func exitWithParent() {
	io.Copy(io.Discard, os.Stdin)
	os.Exit(0)
}
