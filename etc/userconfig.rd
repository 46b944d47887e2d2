<resource schema="dc" resdir="__system">
	<!-- What this site adds to the built-in services of DaCHS. -->

	<STREAM id="covered">
		<doc>What is covered by the release that is published; in the VO, TAP and ObsCore are found by it, too.</doc>
		<LOOP>
			<codeItems>
				from processing.publish.rd_columns import coverage
				yield from coverage(base.getTableConn)
			</codeItems>
			<events>
				<meta name="coverage.\item">\value</meta>
			</events>
		</LOOP>
	</STREAM>

	<STREAM id="tapdescription">
		<meta name="description">ADQL queries on the point sources, the extended sources, the scans and the images of a
			near-infrared sky survey in J, H and Ks, and on the ObsCore table of its images.</meta>
		<FEED source="covered"/>
	</STREAM>

	<STREAM id="obscore-registration">
		<register/>
		<FEED source="covered"/>
	</STREAM>

	<STREAM id="tapexamples">
		<!-- Where the published release has something to show. -->
		<LOOP>
			<codeItems>
				from processing.publish.rd_columns import SOURCE, place_to_ask
				yield from place_to_ask(base.getTableConn, SOURCE)
			</codeItems>
			<events>
				<meta name="_example" title="Sources around a position">
					The point sources within 3 arcmin of a position, brightest in Ks first, from :taptable:`twomass.psc`:

					.. tapquery::
						SELECT TOP 100 designation, ra, dec, j_m, h_m, k_m, ph_qual
						FROM twomass.psc
						WHERE 1 = CONTAINS(POINT('ICRS', ra, dec), CIRCLE('ICRS', \ra, \dec, 0.05))
						ORDER BY k_m
				</meta>
				<meta name="_example" title="How dense the sky is, cell by cell">
					Sources in each HEALPix cell (3.4 arcmin) around a position:

					.. tapquery::
						SELECT ivo_healpix_index(10, ra, dec) AS cell, COUNT(*) AS sources, AVG(j_m - k_m) AS j_k
						FROM twomass.psc
						WHERE 1 = CONTAINS(POINT('ICRS', ra, dec), CIRCLE('ICRS', \ra, \dec, 0.5))
						GROUP BY cell
				</meta>
			</events>
		</LOOP>
		<meta name="_example" title="Well-measured red sources">
			Sources that are measured well in all bands (quality A, no confusion) and have a Ks excess; a band without a
			measurement is null and so never chosen:

			.. tapquery::
				SELECT TOP 100 designation, ra, dec, j_m - h_m AS j_h, h_m - k_m AS h_k
				FROM twomass.psc
				WHERE ph_qual = 'AAA' AND cc_flg = '000' AND h_m - k_m > 0.7
		</meta>
		<meta name="_example" title="The names of VizieR's II/246">
			The same sources under the column names that public scripts for the 2MASS catalog use, in
			:taptable:`twomass.data`:

			.. tapquery::
				SELECT TOP 100 mainid, raj2000, dej2000, jmag, e_jmag, hmag, e_hmag, kmag, e_kmag, qflg
				FROM twomass.data
				WHERE kmag BETWEEN 10 AND 11
		</meta>
		<meta name="_example" title="Galaxies with their nuclei">
			Extended sources from :taptable:`twomass.xsc` with the point source that each one is, too, in
			:taptable:`twomass.psc`: what of the light is in the middle?

			.. tapquery::
				SELECT TOP 100 x.designation, x.ra, x.dec, x.r_k20fe, x.k_m_k20fe, p.k_m - x.k_m_k20fe AS nucleus
				FROM twomass.xsc AS x
				JOIN twomass.psc AS p ON x.pts_key = p.pts_key
				WHERE x.k_m_k20fe &lt; 13.5
		</meta>
		<meta name="_example" title="Images of a source">
			The images that show a source, with their addresses; ``ivoa.obscore`` has them in the columns of ObsCore:

			.. tapquery::
				SELECT TOP 10 p.designation, i.band, i.seeing, i.accref
				FROM twomass.psc AS p
				JOIN twomass.atlas AS i ON p.coadd_key = i.coadd_key
				WHERE p.k_m BETWEEN 9 AND 10
		</meta>

		<meta name="_example" title="Under what conditions a source was observed">
			A source with its scan: time, airmass, seeing and zero point in Ks, from :taptable:`twomass.scans`:

			.. tapquery::
				SELECT TOP 100 p.designation, p.k_m, s.jdate, s.airmass, s.k_seeing, s.k_zero_point
				FROM twomass.psc AS p
				JOIN twomass.scans AS s ON p.scan_key = s.scan_key
				WHERE p.k_m BETWEEN 9 AND 10
		</meta>

		<meta name="_example" title="Sharp images in Ks">
			By wavelength and resolution from ``ivoa.obscore``, where images of other surveys have the same columns:

			.. tapquery::
				SELECT TOP 100 obs_publisher_did, access_url, s_ra, s_dec, s_resolution, t_min
				FROM ivoa.obscore
				WHERE dataproduct_type = 'image' AND em_min &lt; 2.1e-6 AND em_max &gt; 2.1e-6 AND s_fov &lt; 1
				ORDER BY s_resolution
		</meta>
	</STREAM>
</resource>
